/**
 * What `map` returns: an `AsyncResult` of an array that can also be iterated while results come in.
 *
 * Leaving the loop early leaves the tasks alone; `abort()` ends them. Made by the views and by `joinResults`.
 * @module
 */
import { AsyncResult, type GetOptions, type ResultContext } from "./async_result.ts";
import type { Job } from "./job.ts";
import { resultsByEngine } from "./results_by_engine.ts";

/**
 * The results of a map, in the order of its input: all at once when awaited, one by one in a loop.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const tenfold = client.loadBalancedView().map((x: number) => 10 * x, [1, 2, 3]);
 * for await (const value of tenfold) console.log(value); // 10, 20, 30
 * console.log(await tenfold); // [ 10, 20, 30 ]
 * ```
 */
export class AsyncMapResult<R> extends AsyncResult<R[], true> implements AsyncIterable<R> {
  readonly #job: Job;

  /** For the views. */
  constructor(job: Job, context: ResultContext, ordered: boolean) {
    super(job, context, ordered);
    this.#job = job;
  }

  /** Result by result: in the order of the input, or as they arrive. Throws at an item that failed. */
  override [Symbol.asyncIterator](): AsyncGenerator<R, void, void> {
    return super[Symbol.asyncIterator]() as AsyncGenerator<R, void, void>;
  }

  /** The results by the engine that they came from: for each of them the list, in the order of the input. */
  override async getDict(options: GetOptions = {}): Promise<Record<number, R[]>> {
    return resultsByEngine(this.#job, await this.get(options)) as Record<number, R[]>;
  }
}
