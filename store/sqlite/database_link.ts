/**
 * The way to the thread of the database: what is asked while a batch is under way goes into the next one.
 *
 * So that one commit, and one wait for the disk, serves all that came meanwhile. Keeps the order of the calls. After a
 * failed write everything rejects with its reason. Used by `sqlite_store.ts`.
 * @module
 */
import { StoreError } from "../../wire/errors.ts";
import { StoreHealth } from "../store_health.ts";
import { databaseError } from "./database_errors.ts";
import type { AnswerTo, DatabaseConfig, DatabaseFound, DatabaseRequest } from "./database_requests.ts";
import type { FromDatabase, ToDatabase } from "./database_requests.ts";
import { EntryPacker } from "../entry_packer.ts";
import { transferables } from "./transferables.ts";

/** A batch ends with the request that passes this. */
const BATCH_BYTES = 4 * 2 ** 20;

interface Settle {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A request that waits, or a run of entries that do. */
type Waiting =
  | { readonly request: DatabaseRequest; readonly size: number; readonly settle: Settle }
  | { readonly entries: EntryPacker; readonly settles: Settle[] };

/** An open database in its own thread. */
export class DatabaseLink implements AsyncDisposable {
  readonly health: StoreHealth = new StoreHealth();
  readonly #path: string;
  readonly #lock: Disposable;
  readonly #worker: Worker;
  /** Who waits for the answer to the one message that is under way. */
  #expected: PromiseWithResolvers<FromDatabase> | null = null;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #draining: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  /** The thread has ended with an error: it answers nothing any more. */
  #isDead = false;

  private constructor(path: string, lock: Disposable) {
    this.#path = path;
    this.#lock = lock;
    this.#worker = new Worker(import.meta.resolve("./database_worker.ts"), { type: "module", name: "troupe store" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromDatabase>) => this.#expected?.resolve(data);
    this.#worker.onerror = (event) => {
      // Else it would end the process of whoever has the store open.
      event.preventDefault();
      this.#isDead = true;
      this.#expected?.resolve({ kind: "failed", reason: event.message, isFinal: false });
    };
  }

  /**
   * Starts the thread and opens the database there. Throws `StoreError`, or the reason of `signal`, and then nothing is
   * open any more. `lock`: what is given free when the database is closed, and only then.
   */
  static async open(
    config: DatabaseConfig,
    lock: Disposable,
    signal?: AbortSignal,
  ): Promise<{ readonly link: DatabaseLink; readonly found: DatabaseFound }> {
    signal?.throwIfAborted();
    const link = new DatabaseLink(config.path, lock);
    const reply = await link.#ask({ kind: "open", config });
    if (reply.kind === "opened" && !signal?.aborted) return { link, found: reply.found };
    // Only now: the thread may not be ended while it is at the file, which then is no longer locked.
    if (reply.kind === "opened") await link.#ask({ kind: "close" });
    link.#worker.terminate();
    signal?.throwIfAborted();
    throw link.#error("Cannot open", reply);
  }

  /** Bytes that wait for their turn. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds an entry to the journal; resolves when it is committed. */
  append(entry: Uint8Array): Promise<void> {
    this.health.check();
    const last = this.#waiting.at(-1);
    const run = last !== undefined && "entries" in last && last.entries.size < BATCH_BYTES
      ? last
      : { entries: new EntryPacker(), settles: [] };
    if (run !== last) this.#waiting.push(run);
    run.entries.add(entry);
    this.#waitingBytes += entry.length;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    run.settles.push({ resolve, reject });
    this.#drainSoon();
    return promise as Promise<void>;
  }

  /** Asks for anything else. `size`: how many bytes it carries. */
  request<R extends DatabaseRequest>(request: R, size = 0): Promise<AnswerTo<R>> {
    this.health.check();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ request, size, settle: { resolve, reject } });
    this.#waitingBytes += size;
    this.#drainSoon();
    return promise as Promise<AnswerTo<R>>;
  }

  /** Lets what waits be written, then closes the database and ends the thread. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.health.close(`the store "${this.#path}"`);
    await this.#draining;
    if (!this.#isDead) await this.#ask({ kind: "close" });
    this.#worker.terminate();
    this.#lock[Symbol.dispose]();
  }

  #drainSoon(): void {
    // After this turn: what it asks for goes together.
    this.#draining ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const requests = batch.map((each) =>
        "request" in each ? each.request : { kind: "append" as const, ...each.entries.pack() }
      );
      const reply = await this.#ask({ kind: "batch", requests });
      if (reply.kind !== "done") {
        this.#fail(this.#error("Cannot write", reply), batch);
        break;
      }
      batch.forEach((each, index) => {
        if ("settle" in each) each.settle.resolve(reply.answers[index]);
        else for (const { resolve } of each.settles) resolve(undefined);
      });
    }
    // In the same breath as the last look at the queue: a call that comes later begins anew.
    this.#draining = null;
  }

  #takeBatch(): Waiting[] {
    let [count, bytes] = [0, 0];
    for (const each of this.#waiting) {
      if (bytes >= BATCH_BYTES) break;
      bytes += "request" in each ? each.size : each.entries.size;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #fail(error: StoreError, batch: readonly Waiting[]): void {
    const reason = this.health.fail(error);
    for (const each of [...batch, ...this.#waiting]) {
      for (const { reject } of "settle" in each ? [each.settle] : each.settles) reject(reason);
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #ask(message: ToDatabase): Promise<FromDatabase> {
    this.#expected = Promise.withResolvers<FromDatabase>();
    this.#worker.postMessage(message, message.kind === "batch" ? transferables(message) : []);
    return this.#expected.promise;
  }

  #error(action: string, reply: FromDatabase): StoreError {
    if (reply.kind !== "failed") return databaseError(action, this.#path, `unexpected answer "${reply.kind}"`);
    return reply.isFinal ? new StoreError(reply.reason) : databaseError(action, this.#path, reply.reason);
  }
}
