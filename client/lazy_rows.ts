/**
 * Rows of arguments drawn one by one from lazy sequences, synchronous and asynchronous ones mixed.
 *
 * Draws nothing ahead of what is asked for, stops at the shortest, and closes what did not end. Called by `imap_run.ts`.
 * @module
 */
import { notIterable } from "./zip_rows.ts";

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;
type Step = IteratorResult<unknown>;

/** The zipped rows of some sequences. */
export class LazyRows {
  readonly #iterators: readonly AnyIterator[];
  #ended = false;
  #pulling = false;

  /** Throws `TypeError` for what is no sequence. */
  constructor(sequences: readonly unknown[]) {
    if (sequences.length === 0) {
      throw new TypeError("Cannot map over nothing: give at least one sequence after the function.");
    }
    this.#iterators = sequences.map(openIterator);
  }

  /** The next row, as a promise only where a sequence is asynchronous; `null` at the end. */
  next(): readonly unknown[] | null | Promise<readonly unknown[] | null> {
    if (this.#ended) return null;
    const row: unknown[] = [];
    for (const [index, iterator] of this.#iterators.entries()) {
      const step = iterator.next();
      if (isPromiseLike(step)) return this.#rest(row, index, step);
      if (step.done) return this.#endAt(iterator);
      row.push(step.value);
    }
    return row;
  }

  /** Closes all sequences that did not end. One that is busy with a row is told, and not waited for. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const closings = this.#iterators.map(async (iterator) => void await iterator.return?.());
    const all = Promise.allSettled(closings);
    if (!this.#pulling) await all;
  }

  async #rest(row: unknown[], from: number, first: PromiseLike<Step>): Promise<readonly unknown[] | null> {
    this.#pulling = true;
    try {
      for (let index = from; index < this.#iterators.length; index++) {
        const iterator = this.#iterators[index];
        if (iterator === undefined) break;
        const step = index === from ? await first : await iterator.next();
        if (step.done) return await this.#endAt(iterator);
        row.push(step.value);
      }
      return this.#ended ? null : row;
    } finally {
      this.#pulling = false;
    }
  }

  /** One has ended: the others are closed. */
  #endAt(ended: AnyIterator): null | Promise<null> {
    this.#ended = true;
    const closings: Promise<unknown>[] = [];
    for (const iterator of this.#iterators) {
      const closing = iterator === ended ? undefined : iterator.return?.();
      if (closing instanceof Promise) closings.push(closing);
    }
    return closings.length === 0 ? null : Promise.all(closings).then(() => null);
  }
}

function isPromiseLike(step: Step | Promise<Step>): step is Promise<Step> {
  return "then" in step;
}

function openIterator(value: unknown, index: number): AnyIterator {
  if (typeof value === "string") return value[Symbol.iterator]();
  if (typeof value === "object" && value !== null) {
    if (Symbol.asyncIterator in value) return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in value) return (value as Iterable<unknown>)[Symbol.iterator]();
  }
  throw notIterable(value, index);
}
