/**
 * The direct view: functions, texts and values go to the engines one names, past the scheduler.
 *
 * Targets are looked up when something is submitted, so `"all"` grows with the cluster. Nothing here waits or throws for
 * what engines do: each method gives a result at once. Made by `client.directView()`.
 * @module
 */
import { AsyncMapResult } from "./async_map_result.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import { type DirectFlagOptions, resolveDirectFlags } from "./direct_flags.ts";
import { DirectSubmission, type Targets } from "./direct_submission.ts";
import type { EngineOrders } from "./engine_orders.ts";
import type { Fitting, FittingArguments, MapFunction, Sequences } from "./fitting.ts";
import { checkInteger, checkOptionNames, refuse, show } from "./flag_checks.ts";
import type { AnyFunction } from "./function_code.ts";
import { checkGlobalName } from "./global_names.ts";
import type { Job } from "./job.ts";
import { clear, execute, pull, pullOne, push } from "./namespace_tasks.ts";
import type { MethodDecorator } from "./function_wrapper.ts";
import { type DisplayBundle, viewBundle } from "./notebook_display.ts";
import { type ParallelWrapper, parallelWrapper, type RemoteFunction, remoteWrapper } from "./parallel_function.ts";
import { checkDistribution, checkSequence, type Distribution, joinParts, partOf } from "./partition.ts";
import { fileParts, textParts } from "./program_text.ts";
import { checkPath } from "./reference.ts";
import type { Session } from "./session.ts";
import { NO_FLAGS, type ResolvedFlags } from "./task_flags.ts";
import type { TaskTie } from "./task_tie.ts";
import type { ValuesOf, WithResults } from "./with_results.ts";
import { zipRows } from "./zip_rows.ts";

export type { Targets } from "./direct_submission.ts";

/** The result for such targets. */
export type DirectResult<T extends Targets, R> = T extends number ? AsyncResult<R> : AsyncResult<R[], true>;

/** A result that is one value of all engines together. */
export type JoinedResult<T extends Targets, R> = AsyncResult<R, T extends number ? false : true>;

/** Makes remote functions of a direct view, and decorates static methods; these keep the type they were declared with. */
export type DirectRemoteWrapper<T extends Targets> = MethodDecorator & {
  /** Throws `TypeError` for what is no function. */
  <F extends AnyFunction>(f: F): RemoteFunction<F, DirectResult<T, Awaited<ReturnType<F>>>>;
};

/** How a sequence is dealt out. */
export interface ScatterOptions {
  /** `"block"` (default): neighbours stay together; `"roundRobin"`: one by one in turn. */
  readonly dist?: Distribution;
  /** Where an engine gets one item, give it the item and no list of one. Default false. */
  readonly flatten?: boolean;
}

/** How a sequence was dealt out. */
export interface GatherOptions {
  /** As for `scatter`. */
  readonly dist?: Distribution;
}

/** What a view works with. */
export interface DirectViewParts {
  /** Of its client. */
  readonly session: Session;
  /** For its results. */
  readonly context: ResultContext;
  /** For what is no task. */
  readonly orders: EngineOrders;
  /** Of the task that the client is for; `null`: it is nobody's. */
  readonly tie: TaskTie | null;
}

/**
 * Submits tasks to the engines that it names.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const dview = client.directView();
 * await dview.push({ factor: 10 });
 * await dview.scatter("part", [1, 2, 3, 4]);
 * await dview.execute("scaled = part.map((x) => factor * x)");
 * console.log(await dview.gather("scaled")); // [ 10, 20, 30, 40 ]
 * ```
 */
export class DirectView<T extends Targets = Targets> {
  readonly #parts: DirectViewParts;
  readonly #submission: DirectSubmission;
  readonly #targets: T;
  readonly #flags: ResolvedFlags;
  /** What this view has submitted and is not settled. */
  readonly #jobs = new Set<Job>();

  /** For `Client`. Throws `TypeError` or `RangeError` for what can't be engine ids. */
  constructor(parts: DirectViewParts, targets: T, flags: ResolvedFlags = NO_FLAGS) {
    this.#parts = parts;
    this.#submission = new DirectSubmission(parts.session, parts.tie);
    this.#targets = checkTargets(targets);
    this.#flags = flags;
  }

  /** The engines that it names: an id, a list, or `"all"`. */
  get targets(): T {
    return this.#targets;
  }

  /**
   * A new view of the same engines with these flags on top of this one's: `label`, `maxRuntime`, `ordered`,
   * `returnExceptions`, `failFast`, `signal`. Throws `TypeError` for others, `RangeError`.
   */
  with(flags: DirectFlagOptions): DirectView<T> {
    return new DirectView(this.#parts, this.#targets, resolveDirectFlags(this.#flags, flags));
  }

  /**
   * Runs `f(...args)` on each of the engines. Never throws; rejects with `NoEnginesRegistered` where there are none, or
   * where the one that is named isn't there. Of a list, an engine that isn't there fails alone.
   */
  apply<A extends readonly unknown[], F extends (...args: ValuesOf<A>) => unknown>(
    f: F,
    ...args: FittingArguments<A, F>
  ): DirectResult<T, Awaited<ReturnType<F>>>;
  /** The same, with the types of the arguments taken from the function. */
  apply<A extends readonly unknown[], R>(
    f: (...args: A) => R,
    ...args: NoInfer<WithResults<A>>
  ): DirectResult<T, Awaited<R>>;
  apply(f: AnyFunction, ...args: readonly unknown[]): AsyncResult<unknown, boolean> {
    return this.#apply(f, args);
  }

  /**
   * Runs `f` for each row of the zipped sequences, in as many parts as there are engines, the parts in the order of the
   * engines; results in the order of the input. Never throws; a failure is a `CompositeError`.
   */
  map<S extends Sequences, F extends MapFunction<S>>(
    f: F,
    ...sequences: Fitting<S, F>
  ): AsyncMapResult<Awaited<ReturnType<F>>> {
    return this.#map(f, sequences) as AsyncMapResult<Awaited<ReturnType<F>>>;
  }

  /**
   * Makes functions parallel: `f(seq)` calls `f` once on each of the engines with a part of the sequence, the parts in the
   * order of the engines, and joins the results; `f.map(seq)` calls it once for each element, as `map`. Also a decorator
   * of static methods.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const tenfold = client.directView().parallel()((xs: readonly number[]) => xs.map((x) => 10 * x));
   * console.log(await tenfold([1, 2, 3, 4])); // [ 10, 20, 30, 40 ]
   * ```
   */
  parallel(): ParallelWrapper {
    return parallelWrapper({
      parts: (f, sequences) => {
        const job = this.#submission.parts(this.#targets, f, sequences, this.#flags);
        return this.#result(job, this.#flags.ordered);
      },
      elements: (f, sequences) => this.#map(f, sequences),
    });
  }

  /**
   * Makes functions remote: called, they run on the engines as by `apply`. Also a decorator of static methods.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const power = client.directView().remote()((x: number, n: number) => x ** n);
   * console.log(await power(2, 10)); // [ 1024, 1024 ]
   * ```
   */
  remote(): DirectRemoteWrapper<T> {
    return remoteWrapper((f, args) => this.#apply(f, args)) as MethodDecorator as DirectRemoteWrapper<T>;
  }

  /**
   * Runs a text on each engine: JavaScript, or TypeScript, of which the types are taken off. What it declares at its top level stays there under its name, `const`s as
   * variables; `await` and `import` work. The value is that of its last statement, where that is an expression and no
   * function. Rejects with `SyntaxError` (line and column) before anything runs, `TypeError` for names that are built in.
   */
  execute<R = unknown>(code: string): DirectResult<T, R> {
    return this.#later<R>(
      Promise.resolve().then(async () => [await textParts(checkText(code), "execute")]),
    );
  }

  /**
   * Runs a file of this machine as `execute` does its text; of TypeScript, the types are taken off. Static imports of
   * local modules travel with it, those from "npm:", "node:" and "https:" are imported there. Rejects as `execute`, with
   * what reading the file fails with, and with `SerializationError` for a module that can't be bundled.
   */
  run<R = unknown>(file: string | URL): DirectResult<T, R> {
    return this.#later<R>(Promise.resolve().then(async () => [await fileParts(file)]));
  }

  /**
   * Defines names on each engine, as global variables: functions and texts that run there find them. Rejects with
   * `TypeError` for what is no name of a variable, or is built in.
   */
  push(values: Readonly<Record<string, unknown>>): DirectResult<T, undefined> {
    return this.#checked(() => {
      for (const name of Object.keys(values)) checkGlobalName(name);
      return this.#submission.apply(this.#targets, push, [values], this.#flags);
    });
  }

  /** Defines one name, as `push` does. */
  set(name: string, value: unknown): DirectResult<T, undefined> {
    return this.#checked(() => {
      checkGlobalName(name);
      return this.#submission.apply(this.#targets, push, [{ [name]: value }], this.#flags);
    });
  }

  /**
   * What each engine has under a name (or a path such as `a.b`), or under several, in their order. Rejects with
   * `RemoteError` of a `ReferenceError`, which says the name and the engine, where one is not there.
   */
  pull<R extends readonly unknown[] = unknown[]>(names: readonly string[]): DirectResult<T, R>;
  /** The value of one name. */
  pull<R = unknown>(name: string): DirectResult<T, R>;
  pull(names: string | readonly string[]): DirectResult<T, unknown> {
    return this.#checked(() => {
      const paths = typeof names === "string" ? [names] : checkNames(names);
      for (const path of paths) checkPath(path);
      return typeof names === "string"
        ? this.#submission.apply(this.#targets, pullOne, [names], this.#flags)
        : this.#submission.apply(this.#targets, pull, [paths], this.#flags);
    });
  }

  /** What each engine has under a name, as `pull`. */
  get<R = unknown>(name: string): DirectResult<T, R> {
    return this.pull<R>(name);
  }

  /**
   * Deals a sequence out: each engine gets its part under the name. Typed arrays are dealt out as such. An engine that
   * leaves meanwhile fails alone, in a `CompositeError` that names it; the others keep their parts.
   */
  scatter(name: string, sequence: Iterable<unknown>, options: ScatterOptions = {}): DirectResult<T, undefined> {
    return this.#checked(() => {
      checkGlobalName(name);
      checkOptionNames("scatter", options, ["dist", "flatten"]);
      const dist = checkDistribution(options.dist);
      const items = checkSequence(sequence);
      const args = (index: number, count: number) => {
        const part = partOf(items, dist, index, count);
        return [{ [name]: options.flatten === true && part.length === 1 ? part[0] : part }];
      };
      return this.#submission.each(this.#targets, push, args, this.#flags);
    });
  }

  /** The parts of a sequence together again: an array, or where all parts are, a typed array. */
  gather<R = unknown[]>(name: string, options: GatherOptions = {}): JoinedResult<T, R> {
    return this.#checked(() => {
      checkOptionNames("gather", options, ["dist"]);
      const dist = checkDistribution(options.dist);
      const shape = { join: (parts: readonly unknown[]) => joinParts(parts, dist), inOrder: dist === "block" };
      return this.#submission.apply(this.#targets, pullOne, [checkPath(name)], this.#flags, shape);
    }) as unknown as JoinedResult<T, R>;
  }

  /** Takes away all names that were defined on the engines. */
  clear(): DirectResult<T, undefined> {
    return this.#apply(clear, []) as unknown as DirectResult<T, undefined>;
  }

  /** Aborts what this view has submitted and is not settled: it rejects with `TaskAborted`. */
  abort(): void {
    for (const job of [...this.#jobs]) this.#parts.context.abort(job);
  }

  /**
   * Ends its engines for good; running tasks may finish within 10 s. Resolves when they are gone. With `hub`, for a view
   * of all engines: the hosts and the controller too. Rejects with `NoEnginesRegistered`, the signal's
   * reason.
   */
  async shutdown(options: { readonly hub?: boolean; readonly signal?: AbortSignal } = {}): Promise<void> {
    checkOptionNames("shut down", options, ["hub", "signal"]);
    await this.#parts.orders.shutdown({ ...options, targets: this.#targets });
  }

  /** For notebooks: where it goes. */
  [Symbol.for("Jupyter.display")](): DisplayBundle {
    return viewBundle("DirectView", { targets: String(this.#targets) });
  }

  #map(f: AnyFunction, sequences: readonly unknown[]): AsyncMapResult<unknown> {
    const job = this.#submission.map(this.#targets, f, () => zipRows(sequences), this.#flags);
    return new AsyncMapResult(this.#keep(job), this.#parts.context, this.#flags.ordered);
  }

  #apply(f: AnyFunction, args: readonly unknown[]): AsyncResult<unknown, boolean> {
    return this.#result(this.#submission.apply(this.#targets, f, args, this.#flags));
  }

  #later<R>(script: Promise<readonly unknown[]>): DirectResult<T, R> {
    const job = this.#submission.later(this.#targets, execute, script, this.#flags);
    return this.#result(job) as unknown as DirectResult<T, R>;
  }

  /** What is wrong with the call is the outcome of the job. */
  #checked(submit: () => Job): DirectResult<T, undefined> {
    let job: Job;
    try {
      job = submit();
    } catch (error) {
      job = this.#submission.refuse(this.#targets, this.#flags, error);
    }
    return this.#result(job) as unknown as DirectResult<T, undefined>;
  }

  #result(job: Job, ordered = true): AsyncResult<unknown, boolean> {
    return new AsyncResult<unknown, boolean>(this.#keep(job), this.#parts.context, ordered);
  }

  #keep(job: Job): Job {
    this.#jobs.add(job);
    job.onFinished(() => void this.#jobs.delete(job));
    return job;
  }
}

/** Throws `TypeError` or `RangeError` for what can't be engine ids. */
export function checkTargets<T extends Targets>(targets: T): T {
  const value: unknown = targets;
  if (value === "all") return targets;
  if (typeof value === "number") checkInteger("targets", value, 0);
  else if (Array.isArray(value)) { for (const id of value) checkInteger("targets", id, 0); }
  else throw refuse(TypeError, "targets", value, 'an engine id, a list of them, or "all"');
  return (Array.isArray(value) ? [...value] : value) as T;
}

function checkNames(names: unknown): readonly string[] {
  if (Array.isArray(names)) return names;
  throw new TypeError(`Cannot pull ${show(names)}: give a name, or a list of names.`);
}

function checkText(code: unknown): string {
  if (typeof code === "string") return code;
  throw new TypeError(`Cannot execute ${String(code)}: it is no text; for a function use apply(f).`);
}
