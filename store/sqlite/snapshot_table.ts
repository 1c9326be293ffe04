/**
 * Snapshots in SQLite, as pieces. Synchronous; runs within transactions that `database.ts` opens.
 *
 * A snapshot counts from the transaction that writes its end, a last row without bytes; what it replaces is deleted
 * later, a part at a time, so that no commit has to wait for all of it.
 * @module
 */
import { crc32 } from "node:zlib";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { JournalPart } from "./database_requests.ts";
import { PiecePacker } from "./packed_pieces.ts";
import { PART_BYTES, SliceDeletion } from "./slices.ts";

const SLICE_ROWS = 64;

/** A snapshot: rows from `firstPiece` to before `end`, which stand for all entries before `nextEntry`. */
export interface Snapshot {
  readonly number: number;
  readonly firstPiece: number;
  readonly end: number;
  readonly nextEntry: number;
}

const NO_SNAPSHOT: Snapshot = { number: 0, firstPiece: 1, end: 1, nextEntry: 1 };

/** What the checksum of a row covers besides its bytes. */
export interface PieceHead {
  readonly sequence: number;
  readonly snapshot: number;
  readonly nextEntry: number;
  readonly isEnd: number;
}

/** The snapshots' part of a database. */
export class SnapshotTable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #slices: SliceDeletion;
  readonly #deleteFrom: StatementSync;
  /** The one that is being written. */
  #open: Snapshot | null = null;
  #newest: Snapshot;
  #next: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare("INSERT INTO pieces VALUES(?, ?, ?, ?, ?, ?)");
    this.#select = database.prepare("SELECT * FROM pieces WHERE sequence BETWEEN ? AND ? ORDER BY sequence");
    this.#slices = new SliceDeletion(database, "pieces", SLICE_ROWS);
    this.#deleteFrom = database.prepare("DELETE FROM pieces WHERE sequence >= ?");
    const whole = this.#findWhole();
    this.#newest = this.#findWithoutEnd(whole) ?? whole;
    this.#next = this.#newest.end + 1;
    // Of one that was never finished; the numbers are given again.
    this.#deleteFrom.run(this.#next);
  }

  /** The newest whole one. */
  get newest(): Snapshot {
    return this.#newest;
  }

  /** Begins one that stands for all entries before `nextEntry`. */
  begin(nextEntry: number): void {
    this.#open = { number: this.#newest.number + 1, firstPiece: this.#next, end: this.#next, nextEntry };
  }

  /** Adds a piece to it. */
  add(bytes: Uint8Array): void {
    this.#insertRow(this.#opened(), bytes, 0);
  }

  /** From now on it counts. */
  end(): void {
    const open = this.#opened();
    this.#insertRow(open, new Uint8Array(0), 1);
    this.#newest = { ...open, end: this.#next - 1 };
    this.#open = null;
  }

  /** It will not be finished. */
  drop(): void {
    const { firstPiece } = this.#opened();
    this.#deleteFrom.run(firstPiece);
    this.#next = firstPiece;
    this.#open = null;
  }

  /** Deletes some rows before the one of this number. `true`: there are more. */
  deleteBefore(sequence: number): boolean {
    return this.#slices.before(sequence);
  }

  /** Pieces of the newest, from the number `from` on. */
  read(from: number): JournalPart {
    const { firstPiece, end } = this.#newest;
    const found = new PiecePacker("snapshot");
    let expected = Math.max(firstPiece, from);
    for (const row of this.#select.iterate(expected, end - 1)) {
      const [head, bytes] = [headOf(row), row.bytes as Uint8Array];
      if (head.sequence > expected) found.addDamage(missing(head.sequence - expected));
      expected = head.sequence + 1;
      if (row.checksum === pieceChecksum(head, bytes)) found.add(bytes);
      else found.addDamage("a piece of the snapshot is damaged, as the checksum says");
      if (found.size >= PART_BYTES) return { pieces: found.pack(), next: expected };
    }
    if (expected < end) found.addDamage(missing(end - expected));
    return { pieces: found.pack(), next: null };
  }

  #insertRow({ number, nextEntry }: Snapshot, bytes: Uint8Array, isEnd: number): void {
    const head = { sequence: this.#next, snapshot: number, nextEntry, isEnd };
    this.#insert.run(head.sequence, number, nextEntry, isEnd, pieceChecksum(head, bytes), bytes);
    this.#next++;
  }

  #opened(): Snapshot {
    if (this.#open === null) throw new Error("No snapshot was begun.");
    return this.#open;
  }

  #findWhole(): Snapshot {
    const ends = this.#database.prepare("SELECT * FROM pieces WHERE is_end <> 0 ORDER BY sequence DESC");
    for (const row of ends.iterate()) {
      const head = headOf(row);
      if (row.checksum !== pieceChecksum(head, row.bytes as Uint8Array)) continue;
      return { ...this.#extent(head.snapshot, head.sequence), end: head.sequence };
    }
    return NO_SNAPSHOT;
  }

  /** A newer one whose end is damaged was whole all the same if what it replaces is gone already. */
  #findWithoutEnd(whole: Snapshot): Snapshot | null {
    const row = this.#database.prepare("SELECT * FROM pieces WHERE sequence > ? ORDER BY sequence DESC LIMIT 1")
      .get(whole.end);
    if (row === undefined) return null;
    const entries = this.#database.prepare("SELECT 1 FROM entries WHERE sequence BETWEEN ? AND ? LIMIT 1");
    const newer = this.#extent(Number(row.snapshot), Number(row.sequence) + 1);
    const isReplaced = newer.nextEntry > whole.nextEntry &&
      entries.get(whole.nextEntry, newer.nextEntry - 1) === undefined;
    return isReplaced ? newer : null;
  }

  #extent(snapshot: number, end: number): Snapshot {
    const row = this.#database.prepare(
      `SELECT min(sequence) AS first, max(next_entry) AS next FROM pieces WHERE snapshot = ? AND sequence <= ?`,
    ).get(snapshot, end);
    return { number: snapshot, firstPiece: Number(row?.first ?? end), end, nextEntry: Number(row?.next ?? 1) };
  }
}

function missing(count: number): string {
  const which = count === 1 ? "a piece of the snapshot is" : `${count} pieces of the snapshot are`;
  return `${which} missing`;
}

function headOf(row: Readonly<Record<string, unknown>>): PieceHead {
  return {
    sequence: Number(row.sequence),
    snapshot: Number(row.snapshot),
    nextEntry: Number(row.next_entry),
    isEnd: Number(row.is_end),
  };
}

/** Of a piece and all that is said of it. */
export function pieceChecksum({ sequence, snapshot, nextEntry, isEnd }: PieceHead, bytes: Uint8Array): number {
  const head = new Float64Array([sequence, snapshot, nextEntry, isEnd]);
  return crc32(bytes, crc32(new Uint8Array(head.buffer)));
}
