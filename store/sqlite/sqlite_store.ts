/**
 * The three ports on a SQLite database in its own thread.
 * @module
 */
import type { ContentHash } from "../../protocol/ids.ts";
import type { Blobs } from "../blobs.ts";
import type { Journal, JournalPiece } from "../journal.ts";
import type { RecordChange, Records } from "../records.ts";
import { SnapshotTurn } from "../snapshot_turn.ts";
import type { Durability } from "../store.ts";
import type { DatabaseLink } from "./database_link.ts";
import type { JournalPart, RecordPart } from "./database_requests.ts";
import { unpackPieces } from "./packed_pieces.ts";
import { type RecordRow, unpackRows } from "./packed_rows.ts";

/** What may wait to be written while nobody waits for it. */
const UNAWAITED_BYTES = 8 * 2 ** 20;

/** The journal. */
export class SqliteJournal implements Journal {
  readonly #link: DatabaseLink;
  readonly #waits: boolean;
  readonly #turn = new SnapshotTurn();
  #tailBytes: number;

  /** `tailBytes`: of what was found at the opening. */
  constructor(link: DatabaseLink, durability: Durability, tailBytes: number) {
    this.#link = link;
    this.#waits = durability !== "none";
    this.#tailBytes = tailBytes;
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  async *read(): AsyncGenerator<JournalPiece> {
    for (const kind of ["read-snapshot", "read-entries"] as const) {
      let coming: Promise<JournalPart> | null = this.#link.request({ kind, after: 0 });
      while (coming !== null) {
        const { pieces, next }: JournalPart = await coming;
        // The next part is read while this one is worked on.
        coming = next === null ? null : this.#link.request({ kind, after: next });
        coming?.catch(() => {});
        yield* unpackPieces(pieces);
      }
    }
  }

  async append(entry: Uint8Array): Promise<void> {
    const written = this.#link.append(entry);
    this.#tailBytes += entry.length;
    if (this.#waits || this.#link.waitingBytes > UNAWAITED_BYTES) return await written;
    // Who waits for nothing is told of a failure by the next call, and by `lost`.
    written.catch(() => {});
  }

  snapshot(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#turn.take(async () => {
      const begun = this.#link.request({ kind: "snapshot-begin" });
      const replaced = this.#tailBytes;
      this.#tailBytes = 0;
      try {
        await begun;
        for await (const piece of pieces) {
          // A copy: it is handed over to the other thread, and the caller may go on with his own.
          await this.#link.request({ kind: "snapshot-piece", bytes: piece.slice() }, piece.length);
        }
        await this.#link.request({ kind: "snapshot-end" });
      } catch (error) {
        this.#tailBytes += replaced;
        if (this.#link.health.failure === null) await this.#link.request({ kind: "snapshot-drop" });
        throw error;
      }
    });
  }
}

/** The rows. */
export class SqliteRecords implements Records {
  readonly #link: DatabaseLink;

  /** Of an open database. */
  constructor(link: DatabaseLink) {
    this.#link = link;
  }

  async change(changes: readonly RecordChange[]): Promise<void> {
    let size = 0;
    const copies = changes.map(([id, bytes]): RecordChange => {
      size += id.length + (bytes?.length ?? 0);
      return [id, bytes === null ? null : bytes.slice()];
    });
    await this.#link.request({ kind: "change", changes: copies }, size);
  }

  async *all(): AsyncGenerator<RecordRow> {
    let coming: Promise<RecordPart> | null = this.#link.request({ kind: "read-records", after: 0 });
    while (coming !== null) {
      const { rows, next }: RecordPart = await coming;
      coming = next === null ? null : this.#link.request({ kind: "read-records", after: next });
      coming?.catch(() => {});
      yield* unpackRows(rows);
    }
  }
}

/** The bytes by their hash. */
export class SqliteBlobs implements Blobs {
  readonly #link: DatabaseLink;

  /** Of an open database. */
  constructor(link: DatabaseLink) {
    this.#link = link;
  }

  async put(hash: ContentHash, bytes: Uint8Array): Promise<void> {
    await this.#link.request({ kind: "put-blob", hash, bytes: bytes.slice() }, bytes.length);
  }

  async get(hash: ContentHash): Promise<Uint8Array | null> {
    return await this.#link.request({ kind: "get-blob", hash });
  }

  async delete(hashes: readonly ContentHash[]): Promise<void> {
    await this.#link.request({ kind: "delete-blobs", hashes });
  }

  async list(): Promise<readonly ContentHash[]> {
    return await this.#link.request({ kind: "list-blobs" });
  }
}
