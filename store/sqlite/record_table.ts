/**
 * Rows by id in SQLite. Synchronous; runs within transactions that `database.ts` opens.
 * @module
 */
import { crc32 } from "node:zlib";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RecordChange } from "../records.ts";
import type { RecordPart } from "./database_requests.ts";
import { RowPacker } from "./packed_rows.ts";
import { PART_BYTES } from "./slices.ts";

/** The records' part of a database. */
export class RecordTable {
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #select: StatementSync;

  constructor(database: DatabaseSync) {
    this.#put = database.prepare(`INSERT INTO records(id, checksum, bytes) VALUES(?, ?, ?)
      ON CONFLICT(id) DO UPDATE SET checksum = excluded.checksum, bytes = excluded.bytes`);
    this.#delete = database.prepare("DELETE FROM records WHERE id = ?");
    this.#select = database.prepare("SELECT * FROM records WHERE sequence > ? ORDER BY sequence");
  }

  /** Puts and deletes rows in the order given. */
  change(changes: readonly RecordChange[]): void {
    for (const [id, bytes] of changes) {
      if (bytes === null) this.#delete.run(id);
      else this.#put.run(id, recordChecksum(id, bytes), bytes);
    }
  }

  /** Rows in the order in which they were first put. */
  read(after: number): RecordPart {
    const found = new RowPacker();
    for (const row of this.#select.iterate(after)) {
      const [id, bytes] = [String(row.id), row.bytes as Uint8Array];
      if (row.checksum === recordChecksum(id, bytes)) found.add(id, bytes);
      else found.addDamage(id, `the row of "${id}" is damaged: the checksum is not that of the bytes`);
      if (found.size >= PART_BYTES) return { rows: found.pack(), next: Number(row.sequence) };
    }
    return { rows: found.pack(), next: null };
  }
}

/** Of the bytes and the id they belong to. */
export function recordChecksum(id: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(id));
}
