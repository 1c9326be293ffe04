/**
 * The common part of Piscina's interface over the engines of a view, so that code written for it moves by one line.
 *
 * `run`, `queueSize`, `completed`, `close`, `destroy`, the event `drain`. What sizes a pool of threads is taken and means
 * nothing here: the engines are there already. Made by `piscinaOn(lview)`.
 * @module
 */
import { EventEmitter } from "node:events";
import { TaskAborted } from "../wire/errors.ts";
import type { AsyncResult } from "./async_result.ts";
import type { Executor } from "./executor.ts";
import type { LoadBalancedView } from "./load_balanced_view.ts";
import { PoolModule } from "./pool_module.ts";

/** What `new Piscina()` takes. Options for threads (`minThreads`, `idleTimeout`, …) may be given, and change nothing. */
export interface PiscinaOptions {
  /** The worker file: a full path, or a URL. */
  readonly filename?: string | URL | null;
  /** The export that is called; default `default`. */
  readonly name?: string;
  /** Tasks that may wait; one more is refused. Default: no bound, as `"auto"` is too. */
  readonly maxQueue?: number | "auto";
  /** Options for threads. */
  readonly [threads: string]: unknown;
}

/** What `run` takes for one task. */
export interface PiscinaRunOptions {
  /** Instead of the pool's. */
  readonly filename?: string | URL | null;
  /** Instead of the pool's. */
  readonly name?: string | null;
  /** Aborts the task: it rejects with an error of the name `AbortError`. */
  readonly signal?: AbortSignal | null;
  /** Taken, and without effect: values are copied. */
  readonly transferList?: readonly unknown[];
}

/** The class that `piscinaOn` gives, bound to a view. */
export type PiscinaClass = new (options?: PiscinaOptions) => PiscinaPool;

/**
 * `Piscina` over the engines of this view.
 *
 * @example
 * ```ts
 * import { Cluster, piscinaOn } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 1 });
 * await using client = await cluster.connect();
 * const Piscina = piscinaOn(client.loadBalancedView()); // was: import { Piscina } from "piscina";
 *
 * const pool = new Piscina({ filename: "data:text/javascript,export default ({ a, b }) => a + b" });
 * console.log(await pool.run({ a: 4, b: 6 })); // 10
 * await pool.destroy();
 * ```
 */
export function piscinaOn(view: LoadBalancedView): PiscinaClass {
  return class Piscina extends PiscinaPool {
    constructor(options: PiscinaOptions = {}) {
      super(view, options);
    }
  };
}

/** A pool as Piscina has them. Emits `drain` when nothing waits any more. */
export class PiscinaPool extends EventEmitter implements AsyncDisposable {
  /** As they were given. */
  readonly options: PiscinaOptions;
  readonly #executor: Executor;
  readonly #modules = new Map<string, PoolModule>();
  readonly #unfinished = new Set<AsyncResult<unknown>>();
  readonly #began = performance.now();
  #completed = 0;

  /** For `piscinaOn`. Throws `TypeError` for a `filename` that is no full path or URL. */
  constructor(view: LoadBalancedView, options: PiscinaOptions = {}) {
    super();
    this.options = options;
    // One of its own: another pool's end is not this one's.
    this.#executor = view.with({}).executor;
    if (options.filename !== undefined && options.filename !== null) this.#module(options.filename);
  }

  /** Calls the function with the task. Rejects with `RemoteError` for what it throws, `AbortError`, `TypeError`. */
  async run(task: unknown, options: PiscinaRunOptions = {}): Promise<unknown> {
    const filename = options.filename ?? this.options.filename;
    if (filename === undefined || filename === null) {
      throw new TypeError("Cannot run the task: no filename was given to run() or to the pool; give one.");
    }
    const { signal = null } = options;
    if (signal?.aborted) throw abortError(signal);
    const { maxQueue } = this.options;
    if (typeof maxQueue === "number" && this.#executor.pending >= maxQueue && this.queueSize >= maxQueue) {
      throw new Error(`Task queue is at limit: ${maxQueue} tasks wait; await some of them, or raise maxQueue.`);
    }
    const name = options.name ?? this.options.name ?? "default";
    const result = this.#module(filename).call(this.#executor, { signal }, name, [task]);
    this.#unfinished.add(result);
    try {
      return await result;
    } catch (error) {
      throw error instanceof TaskAborted && signal?.aborted ? abortError(signal) : error;
    } finally {
      this.#unfinished.delete(result);
      this.#completed++;
      if (this.queueSize === 0) this.emit("drain");
    }
  }

  /** Tasks that no engine has begun, as far as is known here. */
  get queueSize(): number {
    let waiting = 0;
    for (const result of this.#unfinished) if (result.engineId === null) waiting++;
    return waiting;
  }

  /** Tasks that have ended, also those that failed. */
  get completed(): number {
    return this.#completed;
  }

  /** ms since the pool was made. */
  get duration(): number {
    return performance.now() - this.#began;
  }

  /** Takes nothing more, and waits for what was submitted; with `force`, aborts what has not ended. */
  async close(options: { readonly force?: boolean } = {}): Promise<void> {
    await this.#executor.shutdown({ cancel: options.force === true });
  }

  /** Takes nothing more, and aborts what has not ended. The engines stay. */
  async destroy(): Promise<void> {
    await this.#executor.shutdown({ cancel: true });
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #module(filename: string | URL): PoolModule {
    const key = String(filename);
    const module = this.#modules.get(key) ?? new PoolModule(filename);
    this.#modules.set(key, module);
    return module;
  }
}

function abortError(signal: AbortSignal): Error {
  const error = new Error("The task has been aborted", { cause: signal.reason });
  error.name = "AbortError";
  return error;
}
