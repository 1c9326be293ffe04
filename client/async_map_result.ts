/**
 * What `map` returns: an `AsyncResult` of an array that can also be iterated while results come in.
 *
 * Leaving the loop early leaves the tasks alone; `abort()` ends them. Made by the load-balanced view.
 * @module
 */
import { AsyncResult, type ResultContext } from "./async_result.ts";
import type { ItemOutcome, Job } from "./job.ts";
import type { BeginWait } from "./task_tie.ts";

/** The results of a map, in the order of its input. */
export class AsyncMapResult<R> extends AsyncResult<R[], true> implements AsyncIterable<R> {
  readonly #job: Job;
  readonly #ordered: boolean;
  readonly #beginWait: BeginWait | undefined;

  /** For the views. */
  constructor(job: Job, context: ResultContext, ordered: boolean) {
    super(job, context);
    this.#job = job;
    this.#ordered = ordered;
    this.#beginWait = context.beginWait;
  }

  /** Result by result: in the order of the input, or as they arrive. Throws at an item that failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, void> {
    const { items, returnExceptions, refused } = this.#job.plan;
    for (let index = 0; index < items; index++) {
      const [ok, value] = await this.#next(index);
      if (!ok && (refused || !returnExceptions)) throw value;
      yield value as R;
    }
  }

  async #next(index: number): Promise<ItemOutcome> {
    while (true) {
      const item = this.#ordered ? index : this.#job.arrivals[index];
      const outcome = item === undefined ? undefined : this.#job.outcome(item);
      if (outcome !== undefined) return outcome;
      const endWait = this.#beginWait?.();
      await this.#job.changed();
      endWait?.();
    }
  }
}
