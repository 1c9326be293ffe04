/**
 * Entries in order on a fenced stream: what is appended while a message is under way goes into the next one.
 *
 * Entries that are too big for a message go in parts; an entry without its last part does not count. After a failed write
 * everything rejects with its reason. The journal and the records are such logs.
 * @module
 */
import { EntryPacker } from "../entry_packer.ts";
import type { StoreHealth } from "../store_health.ts";
import { StoreError } from "../../wire/errors.ts";
import type { FencedStream } from "./fenced_stream.ts";
import type { JetStreamAccess } from "./jetstream_access.ts";
import { entriesOf, type LogEntry } from "./log_entries.ts";
import { packedSize, packEntries, packParts } from "./log_message.ts";
import { readStretch } from "./stream_reader.ts";

interface Settle {
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: Error) => void;
}

/** Entries, or the body of another kind of message, that wait for their turn. */
type Waiting =
  | { readonly entries: EntryPacker; readonly settles: Settle[] }
  | { readonly kind: string; readonly body: (total: number) => Uint8Array; readonly settle: Settle };

/** A log that this process writes. */
export class MessageLog {
  readonly #access: JetStreamAccess;
  readonly #stream: FencedStream;
  readonly #health: StoreHealth;
  #total: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #draining: Promise<void> | null = null;

  /** `total`: bytes of all entries that were ever in it. */
  constructor(access: JetStreamAccess, stream: FencedStream, health: StoreHealth, total: number) {
    this.#access = access;
    this.#stream = stream;
    this.#health = health;
    this.#total = total;
  }

  /** Bytes that wait for their turn. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves when what was asked for by now is written, or has failed. */
  get idle(): Promise<void> {
    return this.#draining ?? Promise.resolve();
  }

  /** The number of the newest message. */
  get last(): number {
    return this.#stream.last;
  }

  /** Adds an entry; resolves with the number of the message that completes it. */
  append(entry: Uint8Array): Promise<number> {
    this.#health.check();
    const run = this.#runFor(entry.length);
    run.entries.add(entry);
    this.#waitingBytes += entry.length;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    run.settles.push({ resolve, reject });
    this.#drainSoon();
    return promise;
  }

  /** Adds a message of another kind, which `read` passes over. `body` gets the bytes of all entries before it. */
  mark(kind: string, body: (total: number) => Uint8Array): Promise<number> {
    this.#health.check();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ kind, body, settle: { resolve, reject } });
    this.#drainSoon();
    return promise;
  }

  /** The entries whose messages lie between these two, both included. */
  async *read(first: number, last: number): AsyncGenerator<LogEntry> {
    const { name, subject } = this.#stream.stream;
    yield* entriesOf(readStretch(this.#access, { stream: name, subject: `${subject}.entries`, first, last }));
  }

  /** The run that an entry can still go into. */
  #runFor(size: number): { readonly entries: EntryPacker; readonly settles: Settle[] } {
    const last = this.#waiting.at(-1);
    if (last !== undefined && "entries" in last) {
      const { count, size: taken } = last.entries;
      if (packedSize(count + 1, taken + size) <= this.#access.bodyBytes) return last;
    }
    const run = { entries: new EntryPacker(), settles: [] };
    this.#waiting.push(run);
    return run;
  }

  #drainSoon(): void {
    // After this turn: what it asks for goes together.
    this.#draining ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#write(next);
      } catch (error) {
        this.#fail(error, next);
        break;
      }
    }
    // In the same breath as the last look at the queue: a call that comes later begins anew.
    this.#draining = null;
  }

  async #write(next: Waiting): Promise<void> {
    if ("kind" in next) {
      next.settle.resolve(await this.#stream.write(next.kind, next.body(this.#total)));
      return;
    }
    const { lengths, bytes } = next.entries.pack();
    this.#waitingBytes -= bytes.length;
    this.#total += bytes.length;
    const sequence = packedSize(lengths.length, bytes.length) <= this.#access.bodyBytes
      ? await this.#stream.write("entries", packEntries(this.#total, lengths, bytes))
      : await this.#writeParts(bytes);
    for (const { resolve } of next.settles) resolve(sequence);
  }

  async #writeParts(entry: Uint8Array): Promise<number> {
    let sequence = 0;
    for (const part of packParts(this.#total, entry, this.#access.bodyBytes)) {
      sequence = await this.#stream.write("entries", part);
    }
    return sequence;
  }

  #fail(error: unknown, next: Waiting): void {
    const reason = this.#health.fail(error instanceof StoreError ? error : new StoreError(String(error)));
    for (const each of [next, ...this.#waiting]) {
      for (const { reject } of "settle" in each ? [each.settle] : each.settles) reject(reason);
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
