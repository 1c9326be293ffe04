/**
 * The executor of a view: `submit`, `map` and `shutdown`, for code that was written against a pool of workers.
 *
 * The engines stay when it is shut down: what ends is this door to them. Holds what is not finished, and nothing else.
 * Made by `lview.executor`; `piscina_pool.ts` and `workerpool_pool.ts` stand on it.
 * @module
 */
import type { AsyncMapResult } from "./async_map_result.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import type { Fitting, FittingArguments, MapFunction, Sequences } from "./fitting.ts";
import type { Job } from "./job.ts";
import type { LoadBalancedView } from "./load_balanced_view.ts";
import type { AnyFunction } from "./source_text.ts";
import type { FlagOptions } from "./task_flags.ts";
import { happensInTime, type WaitOptions } from "./waiting.ts";

/** How an executor ends. */
export interface ExecutorShutdownOptions extends WaitOptions {
  /** Wait until all that was submitted has ended; default true. */
  readonly wait?: boolean;
  /** Abort what has not ended: it rejects with `TaskAborted`; default false. */
  readonly cancel?: boolean;
}

/**
 * Submits to the engines of one view, until it is shut down.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * await using executor = client.loadBalancedView().executor;
 * const sum = executor.submit((a: number, b: number) => a + b, 3, 4);
 * console.log(await sum, await executor.map((x: number) => x * x, [1, 2])); // 7 [ 1, 4 ]
 * ```
 */
export class Executor implements Disposable, AsyncDisposable {
  readonly #view: LoadBalancedView;
  readonly #context: ResultContext;
  readonly #unfinished = new Set<Job>();
  readonly #idle = new Set<() => void>();
  #closed = false;

  /** For `lview.executor`. */
  constructor(view: LoadBalancedView, context: ResultContext) {
    this.#view = view;
    this.#context = context;
  }

  /** It was shut down: nothing more is taken. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Calls that have not ended; a `map` counts as one. */
  get pending(): number {
    return this.#unfinished.size;
  }

  /** Runs `f(...args)` on some engine. Throws `TypeError` after `shutdown`; whatever else is wrong rejects the result. */
  submit<A extends readonly unknown[], F extends (...args: A) => unknown>(
    f: F,
    ...args: FittingArguments<A, F>
  ): AsyncResult<Awaited<ReturnType<F>>>;
  /** The same, with the types of the arguments taken from the function. */
  submit<A extends readonly unknown[], R>(f: (...args: A) => R, ...args: NoInfer<A>): AsyncResult<Awaited<R>>;
  submit(f: AnyFunction, ...args: readonly unknown[]): AsyncResult<unknown> {
    return this.submitWith({}, f, args);
  }

  /** The same with flags for this one call, such as `{ signal }`. Throws `TypeError`, `RangeError` for wrong flags. */
  submitWith(flags: FlagOptions, f: AnyFunction, args: readonly unknown[]): AsyncResult<unknown> {
    this.#checkOpen();
    const view = this.#view.with(flags);
    const apply: (f: AnyFunction, ...args: readonly unknown[]) => AsyncResult<unknown> = view.apply;
    return this.#keep(apply.call(view, f, ...args));
  }

  /** Runs `f` for each row of the zipped sequences. Throws `TypeError` after `shutdown`. */
  map<S extends Sequences, F extends MapFunction<S>>(
    f: F,
    ...sequences: Fitting<S, F>
  ): AsyncMapResult<Awaited<ReturnType<F>>> {
    this.#checkOpen();
    return this.#keep(this.#view.map<S, F>(f, ...sequences));
  }

  /**
   * Takes nothing more, and resolves when all that was submitted has ended; `false` where `timeout` (ms) passed first.
   * Never rejects for what a task failed with; rejects with the signal's reason. May be called again, to wait again.
   */
  shutdown(options: ExecutorShutdownOptions = {}): Promise<boolean> {
    this.#closed = true;
    if (options.cancel === true) { for (const job of [...this.#unfinished]) this.#context.abort(job); }
    if (options.wait === false) return Promise.resolve(this.#unfinished.size === 0);
    const endWait = this.#unfinished.size === 0 ? undefined : this.#context.beginWait?.();
    const idle = happensInTime((callback) => this.#onIdle(callback), options, this.#context.clock);
    return endWait === undefined ? idle : idle.finally(endWait);
  }

  /** Takes nothing more; does not wait. */
  [Symbol.dispose](): void {
    this.#closed = true;
  }

  /** Takes nothing more, and waits for what was submitted. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #keep<R extends AsyncResult<unknown, boolean>>(result: R): R {
    const job = AsyncResult.jobOf(result);
    this.#unfinished.add(job);
    job.onFinished(() => {
      this.#unfinished.delete(job);
      if (this.#unfinished.size === 0) { for (const callback of [...this.#idle]) callback(); }
    });
    return result;
  }

  #onIdle(callback: () => void): () => void {
    if (this.#unfinished.size === 0) callback();
    else this.#idle.add(callback);
    return () => void this.#idle.delete(callback);
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw new TypeError("Cannot submit to the executor: it was shut down; take a new one with lview.executor.");
  }
}
