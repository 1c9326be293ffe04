/**
 * One run of `imap`: draws rows from lazy input, keeps a bounded number of them between input and consumer, yields results.
 *
 *   LazyRows → pump (fills up to `maxOutstanding`) → jobs → `results()` → the user's loop
 *
 * What counts as outstanding is drawn and not yet handed to the consumer, so that memory stays bounded whichever side is
 * slow. However it ends, the input is closed and what is in flight let go: aborted, where the scheme can. Made by the load-balanced view.
 * @module
 */
import type { CallOrigin } from "./call_origin.ts";
import type { AnyFunction } from "./function_code.ts";
import type { Job } from "./job.ts";
import type { LazyRows } from "./lazy_rows.ts";
import type { Rows, Submission } from "./submission.ts";
import type { ResolvedFlags } from "./task_flags.ts";

/** What a run works with. */
export interface ImapOptions {
  readonly submission: Submission;
  readonly f: AnyFunction;
  readonly rows: LazyRows;
  readonly flags: ResolvedFlags;
  readonly maxOutstanding: number;
  /** Where `imap` was called. */
  readonly origin: CallOrigin;
}

/** Use once. */
export class ImapRun {
  readonly #options: ImapOptions;
  /** In order of submission, not yet handed out. */
  readonly #jobs = new Set<Job>();
  /** Finished, in order of arrival; only for unordered runs. */
  readonly #arrived: Job[] = [];
  #outstanding = 0;
  /** The pump goes on when no more than this is outstanding. */
  #refillAt = 0;
  #ended = false;
  #inputError: { readonly error: unknown } | null = null;
  #firstFailure: { readonly error: unknown } | null = null;
  #wakeConsumer: (() => void) | null = null;
  #wakePump: (() => void) | null = null;

  constructor(options: ImapOptions) {
    this.#options = options;
  }

  /** The results. Throws at a failed item, unless errors are to be returned; what the input throws comes last. */
  async *results(): AsyncGenerator<unknown, void, void> {
    const { signal } = this.#options.flags;
    // What is in flight is aborted by its own means; an input that gives nothing must not hold up the end.
    const onAbort = () => {
      this.#ended = true;
      this.#wakeConsumer?.();
    };
    if (signal?.aborted) throw signal.reason;
    signal?.addEventListener("abort", onAbort, { once: true });
    void this.#pump();
    try {
      while (true) {
        const job = this.#nextFinished();
        if (job !== null) yield* this.#items(job);
        else if (signal?.aborted && this.#jobs.size === 0) throw signal.reason;
        else if (this.#ended && this.#jobs.size === 0) break;
        else await this.#waitForChange();
        if (this.#firstFailure !== null) throw this.#firstFailure.error;
      }
      if (this.#inputError !== null) throw this.#inputError.error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      await this.#stop();
    }
  }

  *#items(job: Job): Generator<unknown, void, void> {
    const { returnExceptions } = this.#options.flags;
    for (let item = 0; item < job.plan.items; item++) {
      const [ok, value] = job.outcome(item) ?? [true, undefined];
      if (!ok && (job.plan.refused || !returnExceptions)) throw value;
      if (--this.#outstanding <= this.#refillAt) this.#wakePump?.();
      yield value;
    }
  }

  #nextFinished(): Job | null {
    if (!this.#options.flags.ordered) {
      const arrived = this.#arrived.shift() ?? null;
      if (arrived !== null) this.#jobs.delete(arrived);
      return arrived;
    }
    for (const job of this.#jobs) {
      if (!job.finished) return null;
      this.#jobs.delete(job);
      return job;
    }
    return null;
  }

  async #waitForChange(): Promise<void> {
    const endWait = this.#options.submission.beginWait?.();
    await this.#changed();
    endWait?.();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeConsumer = () => {
        this.#wakeConsumer = null;
        resolve();
      };
    });
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#ended) {
        await this.#room();
        // In a loop of its own, so that plain input costs no promise a row.
        const drawn = this.#draw();
        const chunk = drawn instanceof Promise ? await drawn : drawn;
        if (chunk.length > 0 && !this.#ended) this.#submit(chunk);
        if (chunk.length < this.#chunkRows()) this.#ended = true;
      }
    } catch (error) {
      this.#inputError = { error };
    }
    this.#ended = true;
    this.#wakeConsumer?.();
  }

  #chunkRows(): number {
    return Math.min(this.#options.flags.chunksize, this.#options.maxOutstanding);
  }

  /** Once full, waits for a quarter to get free, so that tasks leave in batches. */
  async #room(): Promise<void> {
    const { maxOutstanding } = this.#options;
    if (this.#outstanding + this.#chunkRows() <= maxOutstanding) return;
    this.#refillAt = maxOutstanding - Math.max(this.#chunkRows(), Math.floor(maxOutstanding / 4));
    if (this.#outstanding <= this.#refillAt || this.#ended) return;
    await new Promise<void>((resolve) => this.#wakePump = resolve);
    this.#wakePump = null;
  }

  #draw(): (readonly unknown[])[] | Promise<(readonly unknown[])[]> {
    const chunk: (readonly unknown[])[] = [];
    while (chunk.length < this.#chunkRows()) {
      const row = this.#options.rows.next();
      if (row instanceof Promise) return this.#drawRest(chunk, row);
      if (row === null) break;
      chunk.push(row);
    }
    return chunk;
  }

  async #drawRest(
    chunk: (readonly unknown[])[],
    first: Promise<readonly unknown[] | null>,
  ): Promise<(readonly unknown[])[]> {
    for (let row = await first; row !== null; row = await this.#options.rows.next()) {
      chunk.push(row);
      if (chunk.length === this.#chunkRows()) break;
    }
    return chunk;
  }

  #submit(chunk: readonly (readonly unknown[])[]): void {
    const { submission, f, flags, origin } = this.#options;
    this.#outstanding += chunk.length;
    const job = submission.map(f, () => new ChunkRows(chunk), flags, origin);
    this.#jobs.add(job);
    job.onFinished(() => this.#arrive(job));
  }

  #arrive(job: Job): void {
    const { ordered, failFast, returnExceptions } = this.#options.flags;
    if (!ordered) this.#arrived.push(job);
    if (failFast && !returnExceptions && job.failures > 0) this.#firstFailure ??= { error: firstError(job) };
    this.#wakeConsumer?.();
  }

  async #stop(): Promise<void> {
    this.#ended = true;
    this.#wakePump?.();
    for (const job of this.#jobs) if (!job.finished) this.#options.submission.session.tasks.aborts.letGo(job);
    await this.#options.rows.close();
  }
}

class ChunkRows implements Rows {
  readonly #rows: readonly (readonly unknown[])[];

  constructor(rows: readonly (readonly unknown[])[]) {
    this.#rows = rows;
  }

  get length(): number {
    return this.#rows.length;
  }

  row(index: number): readonly unknown[] {
    return this.#rows[index] ?? [];
  }

  primitiveFrom(): boolean {
    return false;
  }
}

function firstError(job: Job): unknown {
  for (let item = 0; item < job.plan.items; item++) {
    const outcome = job.outcome(item);
    if (outcome !== undefined && !outcome[0]) return outcome[1];
  }
  return undefined;
}
