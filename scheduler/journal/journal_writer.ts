/**
 * Writes down what the scheduler decided, and says when it is safe: the shell's side of the store.
 *
 * While an entry is on its way what comes after it is gathered into the next, so that a busy scheduler commits in groups
 * and an idle one at once. Now and then the journal is replaced by a snapshot of what it comes to. Owned by the
 * controller; the scheduler's actor writes through it and lets nothing leave that rests on what is not written yet.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { ContentHash, EngineId } from "../../protocol/ids.ts";
import type { BlobRef, Payload, TaskTemplate } from "../../protocol/task_spec.ts";
import type { Store } from "../../store/store.ts";
import type { Log } from "../../wire/log.ts";
import { codeHashes } from "../code_store.ts";
import { EntryWriter } from "./entry_writer.ts";
import { journalLine } from "./journal_line.ts";
import { KeptRows } from "./kept_rows.ts";
import type { Ledger } from "./ledger.ts";

/** Entries on their way at a time. */
const MAX_IN_FLIGHT = 2;
/** A journal whose tail is shorter is left as it is. */
const SNAPSHOT_BYTES = 16 * 1024 * 1024;
/** Tasks in one piece of a snapshot, and rows in one batch: what is encoded without a break. */
const PIECE_TASKS = 250;

/** What a writer is made with. */
export interface JournalWriterOptions {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly rows: KeptRows;
  /** Blobs that the store has. */
  readonly blobs: Set<ContentHash>;
  /** Code that lies on hosts. */
  readonly farCodes: Map<ContentHash, BlobRef>;
  /** Whether what is promised waits for the store. */
  readonly waits: boolean;
  readonly log: Log;
  /** Bytes of the tail from which on it is replaced; default 16 MB. */
  readonly snapshotBytes?: number;
}

interface Waiting {
  /** The entry that it rests on. */
  readonly entry: number;
  readonly action: () => void;
}

/** One life's way to the journal. */
export class JournalWriter implements AsyncDisposable {
  readonly #options: JournalWriterOptions;
  readonly #lines: EntryWriter;
  /** Code to be kept before the next entry. */
  #fresh: TaskTemplate[] = [];
  #codesKept: Promise<unknown> = Promise.resolve();
  #codeOf: (hash: ContentHash) => Payload | null = () => null;
  #inFlight = 0;
  /** Entries that wait for their code to be kept. */
  #behindCode = 0;
  #begun = 0;
  #durable = 0;
  #scheduled = false;
  #snapshotBytes = 0;
  #snapshot: Promise<void> | null = null;
  #closed = false;
  #waiting: Waiting[] = [];
  #idle: (() => void) | null = null;

  readonly #failed = Promise.withResolvers<Error>();

  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#lines = new EntryWriter((template) => {
      this.#fresh.push(template);
      return null;
    });
  }

  /** Resolves with the reason when something could not be written: what rests on it never leaves. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Where the code of tasks is found that are written for the first time. */
  findCode(codeOf: (hash: ContentHash) => Payload | null): void {
    this.#codeOf = codeOf;
  }

  /** Adds what one step of the scheduler wrote down. */
  write(facts: readonly Fact[]): void {
    for (const fact of facts) {
      const line = journalLine(fact);
      if (line === null) continue;
      const { ledger, rows } = this.#options;
      if (line.kind === "accepted" && ledger.get(line.task.spec.id) !== undefined) continue;
      this.#lines.add(line);
      ledger.apply(line);
      rows.follow(line, ledger);
    }
    this.#flushSoon();
  }

  /** Does it when all that was written until now is durable: at once where it is, or where nothing waits for the store. */
  whenDurable(action: () => void): void {
    const isWritten = this.#lines.size === 0 && this.#durable === this.#begun;
    if (!this.#options.waits || isWritten) return action();
    this.#waiting.push({ entry: this.#lines.size > 0 ? this.#begun + 1 : this.#begun, action });
  }

  /** Writes what is left. The store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#flush();
    await this.#snapshot;
    if (this.#inFlight > 0) {
      await Promise.race([new Promise<void>((resolve) => this.#idle = resolve), this.#failed.promise]);
    }
  }

  /** A turn later: so the facts of all messages of one turn make one entry. */
  #flushSoon(): void {
    if (this.#scheduled || this.#lines.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight >= MAX_IN_FLIGHT && !this.#closed) return;
    const codes = this.#putCodes();
    const bytes = this.#lines.take();
    if (bytes === null) return;
    const number = ++this.#begun;
    this.#inFlight++;
    this.#append(codes, bytes).then(() => this.#written(number), (error) => {
      // Nothing that waits may leave any more, and the controller ends.
      this.#inFlight--;
      this.#failed.resolve(error);
    });
  }

  /** The code goes before: an entry that is there has all it names. */
  #append(codes: Promise<unknown> | null, bytes: Uint8Array): Promise<void> {
    const { journal } = this.#options.store;
    if (codes === null && this.#behindCode === 0) return journal.append(bytes);
    this.#behindCode++;
    this.#codesKept = Promise.all([this.#codesKept, codes]);
    return this.#codesKept.then(() => {
      this.#behindCode--;
      return journal.append(bytes);
    });
  }

  #written(number: number): void {
    this.#inFlight--;
    this.#durable = Math.max(this.#durable, number);
    let done = 0;
    for (; done < this.#waiting.length; done++) {
      const next = this.#waiting[done];
      if (next === undefined || next.entry > this.#durable) break;
      next.action();
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
    this.#flush();
    if (this.#inFlight === 0) this.#idle?.();
    this.#snapshotIfLong();
  }

  /** Keeps the code of tasks that are written for the first time; `null`: there is none to keep. */
  #putCodes(): Promise<unknown> | null {
    if (this.#fresh.length === 0) return null;
    const { store, blobs, farCodes } = this.#options;
    const puts: Promise<void>[] = [];
    for (const template of this.#fresh.splice(0)) {
      for (const hash of codeHashes(template)) {
        if (blobs.has(hash) || farCodes.has(hash)) continue;
        const source = this.#codeOf(hash);
        if (source instanceof Uint8Array) {
          blobs.add(hash);
          puts.push(store.blobs.put(hash, source));
        } else if (source !== null) {
          farCodes.set(hash, source);
          this.#lines.add({ kind: "code", hash, source });
        }
      }
    }
    return puts.length === 0 ? null : Promise.all(puts);
  }

  #snapshotIfLong(): void {
    const { store: { journal }, snapshotBytes = SNAPSHOT_BYTES, log } = this.#options;
    if (this.#snapshot !== null || this.#closed) return;
    if (journal.tailBytes < Math.max(snapshotBytes, this.#snapshotBytes)) return;
    this.#snapshot = this.compact()
      .catch((error) => log("error", "journal could not be compacted", { reason: String(error) }))
      .finally(() => this.#snapshot = null);
  }

  /** Replaces the journal by a snapshot of what it comes to; finished tasks become rows. */
  async compact(): Promise<void> {
    const { store, ledger, rows, blobs, farCodes } = this.#options;
    this.#snapshotBytes = 0;
    // What is not written yet is in the ledger already: it must not come after the snapshot again.
    this.#flush();
    if (this.#lines.size > 0 || this.#behindCode > 0) return;
    const live = ledger.tasks().filter(({ settled }) => settled === null);
    const sessions = ledger.sessions();
    const roster = { hosts: ledger.hosts, epoch: ledger.epoch, nextEngineId: ledger.nextEngineId };
    const changes = rows.changes(PIECE_TASKS);
    const lines = new EntryWriter();
    const count = (bytes: Uint8Array) => (this.#snapshotBytes += bytes.length, bytes);
    const pieces = async function* () {
      for (const { rows, templates } of changes) {
        for (const { hash, bytes } of templates) {
          if (blobs.has(hash)) continue;
          await store.blobs.put(hash, bytes);
          blobs.add(hash);
        }
        await store.records.change(rows);
      }
      lines.add({ kind: "epoch", epoch: roster.epoch });
      if (roster.nextEngineId > 0) lines.add({ kind: "engine", id: roster.nextEngineId - 1 as EngineId, host: null });
      for (const host of roster.hosts) lines.add({ kind: "host-joined", host });
      for (const [hash, source] of farCodes) lines.add({ kind: "code", hash, source });
      for (const session of sessions) lines.add({ kind: "session", ...session });
      for (const [index, task] of live.entries()) {
        lines.task(task);
        const bytes = index % PIECE_TASKS === 0 ? lines.take() : null;
        if (bytes !== null) yield count(bytes);
      }
      const last = lines.take();
      if (last !== null) yield count(last);
    };
    await store.journal.snapshot(pieces());
    await this.#sweepBlobs();
  }

  /** Drops code and templates that no task names any more. */
  async #sweepBlobs(): Promise<void> {
    const { store, ledger, rows, blobs, farCodes } = this.#options;
    const named = new Set<ContentHash>();
    for (const template of new Set(ledger.tasks().map(({ spec }) => spec.template))) {
      for (const hash of codeHashes(template)) named.add(hash);
      const own = rows.nameOf(template);
      if (own !== null) named.add(own.hash);
    }
    for (const hash of [...farCodes.keys()]) if (!named.has(hash)) farCodes.delete(hash);
    const gone = [...blobs].filter((hash) => !named.has(hash));
    for (const hash of gone) blobs.delete(hash);
    if (gone.length > 0) await store.blobs.delete(gone);
  }
}
