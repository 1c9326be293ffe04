/**
 * What `apply` and `map` return at once: a promise of the result, and all that is known of it meanwhile.
 *
 * A view on a `Job`; holds nothing of its own but the promise, which is made when somebody asks for it, so that nothing
 * is ever "unhandled". Made by the views.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { CompositeError, TimeoutError } from "../wire/errors.ts";
import type { Job } from "./job.ts";
import { type TaskMetadata, taskMetadata } from "./task_metadata.ts";
import { happensInTime, type WaitOptions } from "./waiting.ts";

/** One of it for a single task, an array for the tasks of a map or of many targets. */
export type PerTask<X, Many extends boolean> = Many extends true ? X[] : X;

/** What may stand in the second place of `then`. */
// deno-lint-ignore no-explicit-any -- as with the built-in promise, so that handlers may name the error they expect
export type OnRejected<B> = (reason: any) => B | PromiseLike<B>;

/** What a result needs of its client. */
export interface ResultContext {
  /** For time-outs. */
  readonly clock: Clock;
  /** Aborts what is not settled of it. */
  readonly abort: (job: Job) => void;
}

/** The result of an `apply`: `await` it, or look at it. */
export class AsyncResult<T, Many extends boolean = false> implements PromiseLike<T> {
  readonly #job: Job;
  readonly #context: ResultContext;
  #promise: Promise<T> | null = null;

  /** For the views. */
  constructor(job: Job, context: ResultContext) {
    this.#job = job;
    this.#context = context;
  }

  /** For this folder: the state behind a result. */
  static jobOf(result: AsyncResult<unknown, boolean>): Job {
    return result.#job;
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

  /** The result. Rejects with `TimeoutError` when `timeout` (ms) passes first; it stays gettable. */
  async get(options: WaitOptions = {}): Promise<T> {
    if (await this.wait(options)) return this.#outcome();
    const { progress, plan } = this.#job;
    throw new TimeoutError(
      `Waited ${options.timeout} ms for task "${this.msgId}": ${progress} of ${plan.items} results are there; ` +
        `wait again, or abort() it.`,
    );
  }

  /** Whether it is settled within `timeout` ms. Never rejects for what the task failed with. */
  wait(options: WaitOptions = {}): Promise<boolean> {
    return happensInTime((callback) => this.#job.onFinished(callback), options, this.#context.clock);
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

  /** What the task printed; complete when the result is. */
  get stdout(): PerTask<string, Many> {
    return this.#shaped((task) => this.#job.report(task)?.stdout ?? "");
  }

  /** What the task printed as errors and warnings. */
  get stderr(): PerTask<string, Many> {
    return this.#shaped((task) => this.#job.report(task)?.stderr ?? "");
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

  #whenSettled(): Promise<T> {
    if (this.#promise === null) {
      this.#promise = new Promise<T>((resolve, reject) => {
        this.#job.onFinished(() => {
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

  /** The result; throws the failure. Only when settled. */
  #outcome(): T {
    const { plan } = this.#job;
    if (plan.scalar || this.#job.refused) {
      const value = single(this.#job);
      return (plan.shape ? plan.shape([value]) : value) as T;
    }
    const errors: unknown[] = [];
    const values: unknown[] = [];
    for (let item = 0; item < plan.items; item++) {
      const [ok, value] = this.#job.outcome(item) ?? [true, undefined];
      if (!ok) errors.push(value);
      values.push(value);
    }
    if (errors.length > 0 && !plan.returnExceptions) throw new CompositeError(errors, plan.items);
    return (plan.shape ? plan.shape(values) : values) as T;
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
