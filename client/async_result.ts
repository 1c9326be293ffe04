/**
 * What `apply` and `map` return at once: a promise of the result, and all that is known of it meanwhile.
 *
 * A view on a `Job`; holds nothing of its own but the promise, which is made when somebody asks for it, so that nothing
 * is ever "unhandled". Made by the views.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { CompositeError, TimeoutError } from "../wire/errors.ts";
import { showOrigin } from "./call_origin.ts";
import { checkOptionNames } from "./flag_checks.ts";
import { INTERACTIVE_OPTIONS, type InteractiveOptions, jobBarState, waitWithBar } from "./interactive_wait.ts";
import type { Job } from "./job.ts";
import { iterateJob } from "./job_iteration.ts";
import { splitJob } from "./mirrored_job.ts";
import { type DisplayBundle, resultBundle } from "./notebook_display.ts";
import { resultByEngine } from "./results_by_engine.ts";
import { type TaskMetadata, taskMetadata } from "./task_metadata.ts";
import type { BeginWait } from "./task_tie.ts";
import { happensInTime, WAIT_OPTIONS, type WaitOptions } from "./waiting.ts";

/** One of it for a single task, an array for the tasks of a map or of many targets. */
export type PerTask<X, Many extends boolean> = Many extends true ? X[] : X;

/** One result of it: of several, that of one item. */
export type ResultOf<T, Many extends boolean> = Many extends true ? T extends readonly (infer R)[] ? R : T : T;

/** The result where errors stand in the place of what failed. */
export type WithErrors<T, Many extends boolean> = Many extends true ? (ResultOf<T, Many> | Error)[] : T | Error;

/** What `get()` takes. */
export interface GetOptions extends WaitOptions {
  /** Errors in the place of results; default: the flag of that name. */
  readonly returnExceptions?: boolean;
}

const GET_OPTIONS = [...WAIT_OPTIONS, "returnExceptions"];

/** What may stand in the second place of `then`. */
// deno-lint-ignore no-explicit-any -- as with the built-in promise, so that handlers may name the error they expect
export type OnRejected<B> = (reason: any) => B | PromiseLike<B>;

/** What a result needs of its client. */
export interface ResultContext {
  /** For time-outs. */
  readonly clock: Clock;
  /** Aborts what is not settled of it. */
  readonly abort: (job: Job) => void;
  /** In a task: says that it waits. */
  readonly beginWait?: BeginWait;
}

/**
 * The result of an `apply`: `await` it, or look at it.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const result = client.loadBalancedView().apply((x: number) => x + 1, 1);
 * console.log(result.ready); // false
 * console.log(await result, result.successful, result.metadata.attempts); // 2 true 1
 * ```
 */
export class AsyncResult<T, Many extends boolean = false> implements PromiseLike<T> {
  readonly #job: Job;
  readonly #context: ResultContext;
  /** How it is iterated. */
  readonly #ordered: boolean;
  #promise: Promise<T> | null = null;

  /** For the views. */
  constructor(job: Job, context: ResultContext, ordered = true) {
    this.#job = job;
    this.#context = context;
    this.#ordered = ordered;
  }

  /** For this folder: the state behind a result. */
  static jobOf(result: AsyncResult<unknown, boolean>): Job {
    return result.#job;
  }

  /** For this folder: what a result of the same client needs. */
  static contextOf(result: AsyncResult<unknown, boolean>): ResultContext {
    return result.#context;
  }

  /** Waits as `await` does. Rejects with what the task failed with; for several tasks with `CompositeError`. */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: OnRejected<B> | null,
  ): Promise<A | B> {
    return this.#whenSettled().then(onFulfilled, onRejected);
  }

  /** As with a promise. */
  catch<B = never>(onRejected?: OnRejected<B> | null): Promise<T | B> {
    return this.then(null, onRejected);
  }

  /** As with a promise. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#whenSettled().finally(onFinally);
  }

  /**
   * The result. Rejects with `TimeoutError` when `timeout` (ms) passes first; it stays gettable. With `returnExceptions`
   * errors stand in the place of results and nothing is thrown for them, whatever the flag of that name was.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 1 });
   * await using client = await cluster.connect();
   * const parsed = client.loadBalancedView().map((text: string) => JSON.parse(text), ["1", "{", "3"]);
   * const [one, error] = await parsed.get({ returnExceptions: true });
   * console.log(one, error instanceof Error); // 1 true
   * ```
   */
  get(options: GetOptions & { readonly returnExceptions: true }): Promise<WithErrors<T, Many>>;
  /** The same, as the flag `returnExceptions` was when it was submitted. */
  get(options?: GetOptions): Promise<T>;
  async get(options: GetOptions = {}): Promise<T | WithErrors<T, Many>> {
    checkOptionNames("get the result", options, GET_OPTIONS);
    const { returnExceptions, ...wait } = options;
    if (await this.wait(wait)) return this.#outcome(returnExceptions);
    const { progress, plan } = this.#job;
    throw new TimeoutError(
      `Waited ${options.timeout} ms for task "${this.msgId}": ${progress} of ${plan.items} results are there; ` +
        `wait again, abort() it, or ask client.explain(…) what it waits for.`,
    );
  }

  /** Whether it is settled within `timeout` ms. Never rejects for what the task failed with. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    checkOptionNames("wait for the result", options, WAIT_OPTIONS);
    const endWait = this.#beginWait();
    const settled = happensInTime((callback) => this.#job.onFinished(callback), options, this.#context.clock);
    return await (endWait === undefined ? settled : settled.finally(endWait));
  }

  /**
   * As `wait()`, with a progress bar on standard error: drawn in place on a terminal; elsewhere a line each 10 %, or
   * every few seconds. What tasks say with `currentTask().progress(…)` counts.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const squares = client.loadBalancedView().map((x: number) => x * x, [1, 2, 3]);
   * console.log(await squares.waitInteractive({ timeout: 60_000 })); // true
   * ```
   */
  async waitInteractive(options: InteractiveOptions = {}): Promise<boolean> {
    checkOptionNames("wait for the result", options, INTERACTIVE_OPTIONS);
    const state = () => jobBarState(this.#job, this.elapsed);
    const endWait = this.#beginWait();
    const settled = waitWithBar((callback) => this.#job.onFinished(callback), state, options, this.#context.clock);
    return await (endWait === undefined ? settled : settled.finally(endWait));
  }

  /**
   * The results by the engine that they came from. Where an engine gave several, as with results that were submitted
   * again, the list of them; what never ran on an engine is left out. Rejects as `get()` does.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * console.log(await client.directView().apply(() => "here").getDict()); // { "0": "here", "1": "here" }
   * ```
   */
  async getDict(options: GetOptions = {}): Promise<Record<number, ResultOf<T, Many> | ResultOf<T, Many>[]>> {
    await this.get(options);
    return resultByEngine(this.#job, this.#values(options.returnExceptions)) as Record<number, ResultOf<T, Many>>;
  }

  /**
   * A result for each item of a map, or for each target: to be awaited, waited for and aborted alone. An item of a chunk
   * shares its task with the others of it, also where that is aborted.
   *
   * @example
   * ```ts
   * import { Cluster } from "../mod.ts";
   *
   * await using cluster = await Cluster.start({ n: 2 });
   * await using client = await cluster.connect();
   * const [first, second] = client.loadBalancedView().map((x: number) => x * x, [3, 4]).split();
   * console.log(await second, await first); // 16 9
   * ```
   */
  split(): AsyncResult<ResultOf<T, Many>>[] {
    if (this.#job.plan.scalar) return [this as unknown as AsyncResult<ResultOf<T, Many>>];
    return splitJob(this.#job).map((job) => new AsyncResult<ResultOf<T, Many>>(job, this.#context));
  }

  /**
   * Of several targets: result by result, in their order, as they come in; of a parallel function and a `gather`, the
   * elements of it. Throws at what failed.
   */
  [Symbol.asyncIterator](this: AsyncResult<T, true>): AsyncGenerator<ResultOf<T, true>, void, void> {
    if (this.#job.plan.scalar) {
      throw new TypeError(`Cannot iterate the result of task "${this.msgId}": it is one, so await it.`);
    }
    return iterateJob(this.#job, this.#ordered, this.#context.beginWait) as AsyncGenerator<
      ResultOf<T, true>,
      void,
      void
    >;
  }

  /** Whether all tasks are settled. */
  get ready(): boolean {
    return this.#job.finished;
  }

  /** Whether all tasks are settled and none failed. */
  get successful(): boolean {
    return this.#job.finished && this.#job.failures === 0;
  }

  /** The id of the (first) task; `""` of an empty map. */
  get msgId(): string {
    return this.#job.taskCount === 0 ? "" : this.#job.taskId(0);
  }

  /** The ids of all tasks. */
  get msgIds(): string[] {
    return this.#perTask((task) => this.#job.taskId(task));
  }

  /** Where it ran, or runs; `null` until that is known. */
  get engineId(): PerTask<number | null, Many> {
    return this.#shaped((task) => this.#job.report(task)?.engineId ?? null);
  }

  /** All that is known of the task, or of each task. */
  get metadata(): PerTask<TaskMetadata, Many> {
    return this.#shaped((task) => taskMetadata(this.#job, task));
  }

  /** What the task has printed until now; complete when the result is. */
  get stdout(): PerTask<string, Many> {
    return this.#shaped((task) => this.#job.printed(task, "stdout"));
  }

  /** What the task printed as errors and warnings. */
  get stderr(): PerTask<string, Many> {
    return this.#shaped((task) => this.#job.printed(task, "stderr"));
  }

  /** Items that are settled, of `length`. */
  get progress(): number {
    return this.#job.progress;
  }

  /** Items: results that there will be. */
  get length(): number {
    return this.#job.plan.items;
  }

  /** ms since it was submitted; when it is settled, until then. */
  get elapsed(): number {
    const end = this.#job.finishedAt ?? this.#context.clock.wallTime();
    return end - this.#job.plan.submitted;
  }

  /** ms that the tasks ran, added up. */
  get serialTime(): number {
    let sum = 0;
    for (let task = 0; task < this.#job.taskCount; task++) {
      const { started, completed } = this.#job.report(task) ?? { started: null, completed: null };
      if (started !== null && completed !== null) sum += completed - started;
    }
    return sum;
  }

  /** ms from submission until the last result was received; 0 before. */
  get wallTime(): number {
    return this.#job.finishedAt === null ? 0 : this.#job.finishedAt - this.#job.plan.submitted;
  }

  /** Aborts what is not settled: it rejects with `TaskAborted`. */
  abort(): void {
    this.#context.abort(this.#job);
  }

  /** For `console.log`: how far it is; `await` gives the result. */
  [Symbol.for("Deno.customInspect")](): string {
    const { failures, finished, progress } = this.#job;
    const failed = failures === 0 ? "" : `, ${failures} failed`;
    return `${this.constructor.name} { ${progress} of ${this.length} done${failed}${finished ? "" : "; await it"} }`;
  }

  /** For notebooks: a table of its tasks, errors folded; while it is not there, a bar that follows it. */
  [Symbol.for("Jupyter.display")](): Promise<DisplayBundle> {
    return resultBundle(this.#job, this.#context.clock);
  }

  #whenSettled(): Promise<T> {
    if (this.#promise === null) {
      const endWait = this.#beginWait();
      this.#promise = new Promise<T>((resolve, reject) => {
        this.#job.onFinished(() => {
          endWait?.();
          try {
            resolve(this.#outcome());
          } catch (error) {
            reject(error);
          }
        });
      });
      // Promises made from this one reject on their own; this one must not count as unhandled.
      this.#promise.catch(() => {});
    }
    return this.#promise;
  }

  #beginWait(): (() => void) | undefined {
    return this.#job.finished ? undefined : this.#context.beginWait?.();
  }

  /** The result; throws the failure, unless errors are to stand in its place. Only when settled. */
  #outcome(returnExceptions?: boolean): T {
    const { scalar, shape } = this.#job.plan;
    if (scalar && returnExceptions) return this.#job.outcome(0)?.[1] as T;
    const values = this.#values(returnExceptions);
    if (shape) return shape.join(values) as T;
    return (scalar || this.#job.refused ? values[0] : values) as T;
  }

  /** Item by item; throws as `#outcome` does. */
  #values(returnExceptions?: boolean): readonly unknown[] {
    const { plan } = this.#job;
    if (plan.scalar && returnExceptions) return [this.#job.outcome(0)?.[1]];
    if (plan.scalar || this.#job.refused) return [single(this.#job)];
    const errors: unknown[] = [];
    const values: unknown[] = [];
    for (let item = 0; item < plan.items; item++) {
      const [ok, value] = this.#job.outcome(item) ?? [true, undefined];
      if (!ok) errors.push(value);
      values.push(value);
    }
    const isWanted = returnExceptions ?? plan.returnExceptions;
    if (errors.length > 0 && !isWanted) {
      const error = new CompositeError(errors, plan.items);
      showOrigin(error, plan.origin);
      throw error;
    }
    return values;
  }

  #shaped<X>(of: (task: number) => X): PerTask<X, Many> {
    return (this.#job.plan.scalar ? of(0) : this.#perTask(of)) as PerTask<X, Many>;
  }

  #perTask<X>(of: (task: number) => X): X[] {
    return Array.from({ length: this.#job.taskCount }, (_, task) => of(task));
  }
}

function single(job: Job): unknown {
  const [ok, value] = job.outcome(0) ?? [true, undefined];
  if (!ok) throw value;
  return value;
}
