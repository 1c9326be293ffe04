/**
 * Journal entries in SQLite. Synchronous; runs within transactions that `database.ts` opens.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JournalPart } from "./database_requests.ts";
import { packEntries, unpackEntries } from "./entry_rows.ts";
import { PiecePacker } from "./packed_pieces.ts";
import { PART_BYTES, SliceDeletion } from "./slices.ts";

/** Rows that one step of the compaction deletes: some 8 MB, some 20 ms. */
const SLICE_ROWS = 2_000;

/** The entries' part of a database. */
export class EntryTable {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #tail: StatementSync;
  readonly #slices: SliceDeletion;
  readonly #first: number;
  #next: number;

  /** `first`: what the newest snapshot does not contain. */
  constructor(database: DatabaseSync, first: number) {
    this.#insert = database.prepare("INSERT INTO entries VALUES(?, ?, ?)");
    this.#select = database.prepare("SELECT * FROM entries WHERE sequence >= ? ORDER BY sequence");
    this.#tail = database.prepare("SELECT sum(length(bytes) - 8 * count) AS tail FROM entries WHERE sequence >= ?");
    this.#slices = new SliceDeletion(database, "entries", SLICE_ROWS);
    const last = database.prepare("SELECT sequence + count AS next FROM entries ORDER BY sequence DESC LIMIT 1").get();
    this.#first = first;
    this.#next = Math.max(first, Number(last?.next ?? 0));
  }

  /** The number of the next entry. */
  get next(): number {
    return this.#next;
  }

  /** Bytes of the entries that the newest snapshot does not contain. */
  tailBytes(): number {
    return Number(this.#tail.get(this.#first)?.tail ?? 0);
  }

  /** Adds entries that stand one after the other. */
  append(lengths: Uint32Array, bytes: Uint8Array): void {
    for (const row of packEntries(this.#next, lengths, bytes)) this.#insert.run(row.sequence, row.count, row.bytes);
    this.#next += lengths.length;
  }

  /** Deletes some of those before the one of this number. `true`: there are more. */
  deleteBefore(sequence: number): boolean {
    return this.#slices.before(sequence);
  }

  /** Entries after the newest snapshot, from the number `from` on. */
  read(from: number): JournalPart {
    const found = new PiecePacker("entry");
    let expected = Math.max(this.#first, from);
    for (const row of this.#select.iterate(expected)) {
      const [sequence, count, bytes] = [Number(row.sequence), Number(row.count), row.bytes as Uint8Array];
      if (sequence > expected) found.addDamage(damage(expected, sequence - expected, "missing"));
      expected = sequence + count;
      for (const entry of unpackEntries({ sequence, count, bytes })) {
        if ("bytes" in entry) found.add(entry.bytes);
        else found.addDamage(damage(entry.sequence, entry.damaged, "damaged, as the checksum says"));
      }
      if (found.size >= PART_BYTES) return { pieces: found.pack(), next: expected };
    }
    return { pieces: found.pack(), next: null };
  }
}

function damage(first: number, count: number, what: string): string {
  const which = count === 1 ? `entry ${first} is` : `entries ${first} to ${first + count - 1} are`;
  return `${which} ${what}`;
}
