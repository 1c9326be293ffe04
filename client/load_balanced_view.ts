/**
 * The load-balanced view: functions go wherever the scheduler finds a free engine.
 *
 * Holds nothing but flags: what it submits belongs to the session. Made by `client.loadBalancedView()`.
 * @module
 */
import type { AnyFunction } from "./function_code.ts";
import { AsyncMapResult } from "./async_map_result.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import { CallOrigin } from "./call_origin.ts";
import { Executor } from "./executor.ts";
import { ImapRun } from "./imap_run.ts";
import { LazyRows } from "./lazy_rows.ts";
import type { Fitting, FittingArguments, LazySequences, MapFunction, Sequences } from "./fitting.ts";
import { type DisplayBundle, viewBundle } from "./notebook_display.ts";
import { type ParallelWrapper, parallelWrapper, type RemoteWrapper, remoteWrapper } from "./parallel_function.ts";
import { partRows, PARTS_JOINED } from "./parallel_parts.ts";
import type { Submission } from "./submission.ts";
import { type FlagOptions, NO_FLAGS, type ResolvedFlags, resolveFlags } from "./task_flags.ts";
import type { ValuesOf, WithResults } from "./with_results.ts";
import { zipRows } from "./zip_rows.ts";

/** In flight at least, where `maxOutstanding` is not given: covers the way there and back of small tasks. */
const MIN_OUTSTANDING = 64;
const OUTSTANDING_PER_ENGINE = 4;
/** Of a parallel function's sequence, where no chunksize is given. */
const PARTS_PER_SLOT = 4;

/**
 * Submits tasks to the scheduler, with flags.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const lview = client.loadBalancedView();
 * console.log(await lview.apply((x: number) => x ** 10, 3)); // 59049
 * console.log(await lview.with({ retries: 2 }).map((x: number) => 2 * x, [1, 2, 3])); // [ 2, 4, 6 ]
 * ```
 */
export class LoadBalancedView {
  readonly #submission: Submission;
  readonly #context: ResultContext;
  #flags: ResolvedFlags;
  #executor: Executor | null = null;

  /** For `Client`. */
  constructor(submission: Submission, context: ResultContext, flags: ResolvedFlags = NO_FLAGS) {
    this.#submission = submission;
    this.#context = context;
    this.#flags = flags;
  }

  /** Runs `f(...args)` on some engine. Never throws: what is wrong rejects the result. */
  apply<A extends readonly unknown[], F extends (...args: ValuesOf<A>) => unknown>(
    f: F,
    ...args: FittingArguments<A, F>
  ): AsyncResult<Awaited<ReturnType<F>>>;
  /** The same, with the types of the arguments taken from the function. */
  apply<A extends readonly unknown[], R>(
    f: (...args: A) => R,
    ...args: NoInfer<WithResults<A>>
  ): AsyncResult<Awaited<R>>;
  apply(f: AnyFunction, ...args: readonly unknown[]): AsyncResult<unknown> {
    return new AsyncResult(this.#submission.apply(f, args, this.#flags), this.#context);
  }

  /**
   * Runs `f` for each row of the zipped sequences, in tasks of `chunksize` rows; stops at the shortest. Awaited, it
   * settles when all have, in the order of the input; any failure is a `CompositeError`. Never throws.
   */
  map<S extends Sequences, F extends MapFunction<S>>(
    f: F,
    ...sequences: Fitting<S, F>
  ): AsyncMapResult<Awaited<ReturnType<F>>> {
    const job = this.#submission.map(f, () => zipRows(sequences), this.#flags);
    return new AsyncMapResult(job, this.#context, this.#flags.ordered);
  }

  /**
   * The same over lazy sequences, also asynchronous and endless ones: draws as results are taken, with at most
   * `maxOutstanding` items in between. Throws at an item that failed. Leaving the loop closes the input and aborts what
   * is in flight.
   */
  imap<S extends LazySequences, F extends MapFunction<S>>(
    f: F,
    ...sequences: Fitting<S, F>
  ): AsyncGenerator<Awaited<ReturnType<F>>, void, void> {
    const run = new ImapRun({
      submission: this.#submission,
      f,
      rows: new LazyRows(sequences),
      flags: this.#flags,
      maxOutstanding: this.#flags.maxOutstanding ?? this.#usualOutstanding(),
      origin: new CallOrigin(),
    });
    return run.results() as AsyncGenerator<Awaited<ReturnType<F>>, void, void>;
  }

  /**
   * Makes functions parallel: `f(seq)` calls `f` once for each part of the sequence and joins the results, `f.map(seq)`
   * calls it once for each element. A part has `chunksize` elements; without it there are four parts for each task that
   * the engines run at a time. Also a decorator of static methods. Throws `TypeError` and `RangeError` for flags.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const f = client.loadBalancedView().parallel({ chunksize: 4 })((xs: readonly number[]) => xs.map((x) => 10 * x ** 4));
   * console.log((await f(Array(32).keys())).slice(0, 3)); // [ 0, 10, 160 ]
   * ```
   */
  parallel(flags: FlagOptions = {}): ParallelWrapper {
    const resolved = resolveFlags(this.#flags, flags);
    const size = flags.chunksize ?? (this.#flags.chunksize === 1 ? null : this.#flags.chunksize);
    return parallelWrapper({
      parts: (f, sequences) => {
        const rows = () => partRows(sequences, (items) => size ?? Math.ceil(items / this.#usualParts()));
        const job = this.#submission.map(f, rows, { ...resolved, chunksize: 1 }, new CallOrigin(), PARTS_JOINED);
        return new AsyncResult<unknown, boolean>(job, this.#context, resolved.ordered);
      },
      elements: (f, sequences) => {
        const job = this.#submission.map(f, () => zipRows(sequences), resolved);
        return new AsyncMapResult(job, this.#context, resolved.ordered);
      },
    });
  }

  /**
   * Makes functions remote: called, they run on some engine and give an `AsyncResult`. Also a decorator of static
   * methods. Throws `TypeError` and `RangeError` for flags.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using client = await cluster.connect();
   * const power = client.loadBalancedView().remote()((x: number, n: number) => x ** n);
   * console.log(await power(2, 10)); // 1024
   * ```
   */
  remote(flags: FlagOptions = {}): RemoteWrapper {
    const resolved = resolveFlags(this.#flags, flags);
    return remoteWrapper((f, args) => new AsyncResult(this.#submission.apply(f, args, resolved), this.#context));
  }

  /** Changes the flags of this view for what is submitted from now on. Throws `TypeError`, `RangeError`. */
  setFlags(flags: FlagOptions): void {
    this.#flags = resolveFlags(this.#flags, flags);
  }

  /** A new view with these flags on top of this one's. Throws `TypeError`, `RangeError`. */
  with(flags: FlagOptions): LoadBalancedView {
    return new LoadBalancedView(this.#submission, this.#context, resolveFlags(this.#flags, flags));
  }

  /** Changes the flags until the end of the block: `using _ = lview.tempFlags({ retries: 2 })`. */
  tempFlags(flags: FlagOptions): Disposable {
    const before = this.#flags;
    this.setFlags(flags);
    return { [Symbol.dispose]: () => void (this.#flags = before) };
  }

  /** For notebooks: where it goes, and with which flags. */
  [Symbol.for("Jupyter.display")](): DisplayBundle {
    const { targets, label, retries } = this.#flags.task;
    const to = targets === null ? "all" : targets.join(", ");
    return viewBundle("LoadBalancedView", { targets: to, label: label ?? "", retries: String(retries) });
  }

  /**
   * Submits to this view, for code that was written against pools of workers. The same one each time, until it is shut
   * down: then a new one.
   */
  get executor(): Executor {
    if (this.#executor === null || this.#executor.closed) this.#executor = new Executor(this, this.#context);
    return this.#executor;
  }

  /** How many engines are there, whichever the flag `targets` names. */
  get engineCount(): number {
    return this.#submission.session.roster.ids.length;
  }

  /** Some for each slot, so that one slow part does not hold up the rest. */
  #usualParts(): number {
    const { roster } = this.#submission.session;
    return PARTS_PER_SLOT * Math.max(1, roster.slots);
  }

  #usualOutstanding(): number {
    return Math.max(MIN_OUTSTANDING, OUTSTANDING_PER_ENGINE * this.engineCount);
  }
}
