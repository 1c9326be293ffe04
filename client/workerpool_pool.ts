/**
 * The common part of workerpool's interface over the engines of a view, so that code written for it moves by one line.
 *
 * `exec`, `proxy`, `stats`, `terminate`, and promises with `cancel` and `timeout`. A worker file exports its functions,
 * instead of handing them to `workerpool.worker({ … })`. Made by `workerpoolOn(lview)`.
 * @module
 */
import { TimeoutError } from "../wire/errors.ts";
import type { AsyncResult } from "./async_result.ts";
import type { Executor } from "./executor.ts";
import type { LoadBalancedView } from "./load_balanced_view.ts";
import { PoolModule } from "./pool_module.ts";
import type { AnyFunction } from "./source_text.ts";

/** What `exec` takes beside the parameters. */
export interface ExecOptions {
  /** Aborts the task. */
  readonly signal?: AbortSignal | null;
  /** Taken, and without effect: values are copied. */
  readonly transfer?: readonly unknown[];
}

/** The exports of a worker file, as functions that run on engines. */
export type ProxyOf<M> = {
  readonly [K in keyof M as M[K] extends AnyFunction ? K : never]: M[K] extends (...args: infer A) => infer R
    ? (...args: A) => WorkerpoolPromise<Awaited<R>>
    : never;
};

/** What a pool is doing. */
export interface WorkerpoolStats {
  /** Engines that are there. */
  readonly totalWorkers: number;
  /** Engines that run tasks of this pool. */
  readonly busyWorkers: number;
  /** The others. */
  readonly idleWorkers: number;
  /** Not begun. */
  readonly pendingTasks: number;
  /** Begun. */
  readonly activeTasks: number;
}

/** What `workerpoolOn` gives in place of the module `workerpool`. */
export interface WorkerPoolModule {
  /** A pool of functions, or of the exports of a worker file. Options for workers are taken, and change nothing. */
  pool(script?: string | URL | object | null, options?: object): WorkerpoolPool;
}

/**
 * `workerpool` over the engines of this view.
 *
 * @example
 * ```ts
 * import { Cluster, workerpoolOn } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 1 });
 * await using client = await cluster.connect();
 * const workerpool = workerpoolOn(client.loadBalancedView()); // was: import workerpool from "workerpool";
 *
 * const pool = workerpool.pool();
 * console.log(await pool.exec((a: number, b: number) => a + b, [3, 4])); // 7
 * await pool.terminate();
 * ```
 */
export function workerpoolOn(view: LoadBalancedView): WorkerPoolModule {
  return {
    pool(script) {
      const isFile = typeof script === "string" || script instanceof URL;
      return new WorkerpoolPool(view, isFile ? script : null);
    },
  };
}

/** A pool as workerpool has them. */
export class WorkerpoolPool implements AsyncDisposable {
  readonly #view: LoadBalancedView;
  readonly #executor: Executor;
  readonly #module: PoolModule | null;
  readonly #unfinished = new Set<AsyncResult<unknown>>();

  /** For `workerpoolOn`. Throws `TypeError` for a script that is no full path or URL. */
  constructor(view: LoadBalancedView, script: string | URL | null = null) {
    this.#view = view;
    this.#executor = view.with({}).executor;
    this.#module = script === null ? null : new PoolModule(script);
  }

  /** Runs a function, or the export of this name, with the parameters. Throws `TypeError` where there is no such thing. */
  exec<A extends readonly unknown[], R>(
    method: (...args: A) => R,
    params?: NoInfer<A> | null,
    options?: ExecOptions,
  ): WorkerpoolPromise<Awaited<R>>;
  /** By its name. */
  exec(method: string, params?: readonly unknown[] | null, options?: ExecOptions): WorkerpoolPromise<unknown>;
  exec(
    method: AnyFunction | string,
    params: readonly unknown[] | null = [],
    options: ExecOptions = {},
  ): WorkerpoolPromise<unknown> {
    const flags = { signal: options.signal ?? null };
    const result = typeof method === "string"
      ? this.#moduleFor(method).call(this.#executor, flags, method, params ?? [])
      : this.#executor.submitWith(flags, method, params ?? []);
    this.#unfinished.add(result);
    const forget = () => void this.#unfinished.delete(result);
    result.then(forget, forget);
    return new WorkerpoolPromise(result);
  }

  /** The functions that the worker file exports. Rejects with `TypeError` where the pool has no such file. */
  proxy<M = Record<string, (...args: readonly unknown[]) => unknown>>(): Promise<ProxyOf<M>> {
    const functions = new Proxy({}, {
      // A promise resolves to what has no `then`.
      get: (_target, name) => {
        if (typeof name !== "string" || name === "then") return undefined;
        return (...args: readonly unknown[]) => this.exec(name, args);
      },
    });
    return Promise.resolve().then(() => {
      this.#moduleFor("proxy");
      return functions as ProxyOf<M>;
    });
  }

  /** Counts of engines and of this pool's tasks. */
  stats(): WorkerpoolStats {
    const totalWorkers = this.#view.engineCount;
    let activeTasks = 0;
    const engines = new Set<number>();
    for (const { engineId } of this.#unfinished) {
      if (engineId === null) continue;
      activeTasks++;
      engines.add(engineId);
    }
    const pendingTasks = this.#unfinished.size - activeTasks;
    const busyWorkers = engines.size;
    return { totalWorkers, busyWorkers, idleWorkers: totalWorkers - busyWorkers, pendingTasks, activeTasks };
  }

  /** Takes nothing more; waits for what was submitted, `timeout` ms at most; with `force`, aborts it. The engines stay. */
  async terminate(force = false, timeout?: number): Promise<void> {
    const limit = timeout === undefined ? {} : { timeout };
    if (!await this.#executor.shutdown({ cancel: force, ...limit })) await this.#executor.shutdown({ cancel: true });
  }

  /** As `terminate()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.terminate();
  }

  #moduleFor(method: string): PoolModule {
    if (this.#module !== null) return this.#module;
    throw new TypeError(`Cannot find "${method}": the pool has no worker file; give one to workerpool.pool(script).`);
  }
}

/** What `exec` returns: a promise that can be cancelled. Never an unhandled rejection when nobody looks. */
export class WorkerpoolPromise<T> implements PromiseLike<T> {
  readonly #result: AsyncResult<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late: TimeoutError | null = null;

  /** For `exec`. */
  constructor(result: AsyncResult<unknown>) {
    this.#result = result;
  }

  /** As with any promise. Rejects with `RemoteError` for what the function throws, `TaskAborted`, `TimeoutError`. */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    // deno-lint-ignore no-explicit-any -- as with the built-in promise
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const result = this.#result.then((value) => value as T, (error) => {
      throw this.#late ?? error;
    });
    return result.then(onFulfilled, onRejected);
  }

  /** As with any promise. */
  // deno-lint-ignore no-explicit-any -- as with the built-in promise
  catch<B = never>(onRejected: (reason: any) => B | PromiseLike<B>): Promise<T | B> {
    return this.then(null, onRejected);
  }

  /** Calls back however it ends. */
  always<B>(callback: () => B | PromiseLike<B>): Promise<B> {
    return this.then(callback, callback);
  }

  /** As with any promise. */
  finally(callback: () => void): Promise<T> {
    return this.then().finally(callback);
  }

  /** Aborts the task: it rejects with `TaskAborted`. */
  cancel(): this {
    this.#result.abort();
    return this;
  }

  /** Aborts the task when it has not ended in so many ms: it rejects with `TimeoutError`. */
  timeout(ms: number): this {
    clearTimeout(this.#timer);
    if (this.#result.ready) return this;
    this.#timer = setTimeout(() => {
      this.#late = new TimeoutError(`Waited ${ms} ms for task "${this.#result.msgId}", which was aborted then.`);
      this.#result.abort();
    }, ms);
    const stop = () => clearTimeout(this.#timer);
    this.#result.then(stop, stop);
    return this;
  }
}
