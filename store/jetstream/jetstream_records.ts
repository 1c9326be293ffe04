/**
 * The records in JetStream: a fenced log of batches, each whole or not there, and an index of what is still valid in it.
 *
 * When most of the log is out of date, its oldest entries are written again, as far as they are valid, and purged. (Rows
 * as messages by subject could not be changed together.) The index takes some 100 bytes a row.
 * @module
 */
import type { RecordChange, Records } from "../records.ts";
import type { StoreHealth } from "../store_health.ts";
import { StoreError } from "../../wire/errors.ts";
import { FencedStream } from "./fenced_stream.ts";
import type { JetStreamAccess } from "./jetstream_access.ts";
import { packTotal } from "./log_message.ts";
import { MessageLog } from "./message_log.ts";
import { type BatchRow, packBatch, unpackBatch } from "./record_batch.ts";
import type { StoreStream } from "./stream_setup.ts";

/** The log may be this many times what is valid in it, and so many bytes more. */
const WASTE_FACTOR = 2;
const WASTE_BYTES = 4 * 2 ** 20;

/** Where the valid version of a row is. */
interface Place {
  readonly ordinal: number;
  readonly size: number;
  /** The message with it; `Infinity` while it is on its way. */
  sequence: number;
}

/** A row on its way into the log. */
interface WrittenRow {
  readonly row: BatchRow;
  readonly place: Place | null;
}

/** What was read of one row. */
export type ReadRecord = { readonly id: string; readonly bytes: Uint8Array } | {
  readonly id: string;
  readonly damage: string;
};

/** Records that this process writes. */
export class JetStreamRecords implements Records {
  readonly #access: JetStreamAccess;
  readonly #stream: StoreStream;
  readonly #health: StoreHealth;
  readonly #log: MessageLog;
  readonly #places = new Map<string, Place>();
  #nextOrdinal = 1;
  #validBytes = 0;
  #logBytes = 0;
  /** The first message that may be there. */
  #first = 1;
  /** What was read at the opening, for whoever asks before anything changes. */
  #fresh: ReadRecord[] | null = null;
  #cleaning: Promise<void> | null = null;

  private constructor(access: JetStreamAccess, stream: StoreStream, health: StoreHealth, fenced: FencedStream) {
    this.#access = access;
    this.#stream = stream;
    this.#health = health;
    this.#log = new MessageLog(access, fenced, health, 0);
  }

  /** Shuts out who wrote before, and reads the log into the index. Throws `StoreError`. */
  static async open(access: JetStreamAccess, stream: StoreStream, health: StoreHealth): Promise<JetStreamRecords> {
    const fenced = await FencedStream.open(access, stream, packTotal(0));
    const records = new JetStreamRecords(access, stream, health, fenced);
    records.#fresh = await records.#readAll(true);
    return records;
  }

  /** Resolves when all is written that was asked for by now. */
  get idle(): Promise<void> {
    return this.#log.idle.then(() => this.#cleaning ?? undefined);
  }

  async change(changes: readonly RecordChange[]): Promise<void> {
    this.#health.check();
    this.#fresh = null;
    if (changes.length > 0) await this.#write(changes.map(([id, bytes]) => this.#rowOf(id, bytes)));
    if (this.#logBytes > WASTE_FACTOR * this.#validBytes + WASTE_BYTES) {
      this.#cleaning ??= this.#clean().finally(() => this.#cleaning = null);
    }
  }

  /** All of them are held in memory for a while: their order is known only when the log has been read to its end. */
  async *all(): AsyncGenerator<ReadRecord> {
    this.#health.check();
    const found = this.#fresh ?? await this.#readAll(false);
    this.#fresh = null;
    yield* found;
  }

  /** The row as it goes into the log. It takes its place in the index at once: the next change may be to the same row. */
  #rowOf(id: string, bytes: Uint8Array | null): WrittenRow {
    const ordinal = this.#places.get(id)?.ordinal ?? (bytes === null ? 0 : this.#nextOrdinal);
    const row = { id, ordinal, bytes };
    return { row, place: this.#keepPlace(row, Infinity) };
  }

  /** Puts a batch into the log, in the same turn. */
  async #write(rows: readonly WrittenRow[]): Promise<void> {
    const batch = packBatch(rows.map(({ row }) => row));
    this.#logBytes += batch.length;
    const sequence = await this.#log.append(batch);
    for (const { place } of rows) if (place !== null) place.sequence = sequence;
  }

  #keepPlace({ id, ordinal, bytes }: BatchRow, sequence: number): Place | null {
    this.#validBytes -= this.#places.get(id)?.size ?? 0;
    this.#places.delete(id);
    if (bytes === null) return null;
    const place = { ordinal, size: id.length + bytes.length, sequence };
    this.#places.set(id, place);
    this.#validBytes += place.size;
    this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal + 1);
    return place;
  }

  async #readAll(intoIndex: boolean): Promise<ReadRecord[]> {
    // What was asked for before is to be seen.
    await this.#log.idle;
    const rows = new Map<string, BatchRow>();
    const damages: ReadRecord[] = [];
    for await (const entry of this.#log.read(this.#first, this.#log.last)) {
      const batch = "bytes" in entry ? unpackBatch(entry.bytes) : null;
      if ("bytes" in entry && intoIndex) this.#logBytes += entry.bytes.length;
      if (batch === null) damages.push({ id: "", damage: "damage" in entry ? entry.damage : "a batch can't be read" });
      for (const row of batch ?? []) {
        rows.set(row.id, row);
        if (intoIndex) this.#keepPlace(row, entry.sequence);
      }
    }
    const found = [...rows.values()].sort((a, b) => a.ordinal - b.ordinal);
    return [...damages, ...found.flatMap(({ id, bytes }) => bytes === null ? [] : [{ id, bytes }])];
  }

  /** Writes what is valid of the oldest entries again, and purges them, until little is out of date. */
  async #clean(): Promise<void> {
    try {
      for await (const entry of this.#log.read(this.#first, this.#log.last)) {
        if ("bytes" in entry) {
          // In one turn with the look at the index: a change that came before has taken the row out of it.
          const valid = (unpackBatch(entry.bytes) ?? []).filter(({ id, bytes }) =>
            bytes !== null && this.#places.get(id)?.sequence === entry.sequence
          );
          const rows = valid.map((row) => ({ row, place: this.#keepPlace(row, Infinity) }));
          if (rows.length > 0) await this.#write(rows);
          this.#logBytes -= entry.bytes.length;
        }
        await this.#purge(entry.sequence);
        if (this.#logBytes < WASTE_FACTOR * this.#validBytes + WASTE_BYTES / 2) return;
      }
    } catch (error) {
      // The log is whole all the same. If it is more than the cleaning that fails, the next change has somebody to tell.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  /** Removes the messages before this one, whose entries may not all have been looked at. */
  async #purge(sequence: number): Promise<void> {
    if (sequence <= this.#first) return;
    const { streams } = this.#access.manager;
    await this.#access.persist("Cannot write", () => streams.purge(this.#stream.name, { seq: sequence }));
    this.#first = sequence;
  }
}
