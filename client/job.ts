/**
 * What one `apply` or `map` waits for: its tasks, their results and what became of each, in arrays.
 *
 * No promise and no closure per task: those who wait ask for one shared wake-up. A task covers `chunksize` items, each
 * with an outcome of its own. Filled by `settlement.ts`, read by `AsyncResult`; knows neither codec nor wire.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { TaskId } from "../protocol/ids.ts";
import type { BlobRef } from "../protocol/task_spec.ts";
import type { JobPlan, ShownFlags, TaskReport } from "./job_plan.ts";
import { LiveTask } from "./live_task.ts";
import { firstOfPart, partHolding } from "./partition.ts";

/** How one item ended: `[true, value]`, or `[false, error]`. */
export type ItemOutcome = readonly [ok: boolean, value: unknown];

const PENDING = 0;
const DONE = 1;
const FAILED = 2;

/** The state behind one `AsyncResult`. */
export class Job {
  readonly plan: JobPlan;
  readonly taskCount: number;
  /** Results, and errors in the place of the failed. */
  readonly #values: unknown[];
  readonly #states: Uint8Array;
  readonly #reports: (TaskReport | undefined)[];
  /** Items in the order in which they were settled. */
  readonly #arrivals: number[] = [];
  #unsettledTasks: number;
  #failures = 0;
  #finishedAt: number | null = null;
  #waiters: (() => void)[] = [];
  #onFinished: (() => void)[] = [];
  #onChange: (() => void)[] = [];
  #onFailure: ((job: Job) => void) | null = null;
  /** A drawing of it in a notebook that is under way: who waits for its end is told after that. Never rejects. */
  underWay: Promise<void> | null = null;
  #aborted = false;
  #refused = false;
  /** Of tasks that have shown something on their way. */
  #live: Map<number, LiveTask> | null = null;
  #refusal: Error | null = null;
  /** Where the encoded results of tasks lie that came as blobs. */
  #blobs: Map<number, BlobRef> | null = null;
  /** Of tasks that have others than the plan's. */
  #flags: Map<number, ShownFlags> | null = null;

  constructor(plan: JobPlan) {
    this.plan = plan;
    this.taskCount = plan.parts ?? Math.ceil(plan.items / plan.chunksize);
    this.#values = new Array(plan.items).fill(undefined);
    this.#states = new Uint8Array(plan.items);
    this.#reports = new Array(this.taskCount).fill(undefined);
    this.#unsettledTasks = this.taskCount;
  }

  get finished(): boolean {
    return this.#unsettledTasks === 0;
  }

  /** Epoch ms of the last settlement; `null` before. */
  get finishedAt(): number | null {
    return this.#finishedAt;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Items that are settled. */
  get progress(): number {
    return this.#arrivals.length;
  }

  /** An abort was asked for: what is not submitted yet must not be. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** It is wrong as a whole: one error is the outcome of all. */
  get refused(): boolean {
    return this.#refused || this.plan.refused;
  }

  /** `error`: the outcome of all items from now on, also of those that have another. */
  markRefused(error: Error | null = null): void {
    this.#refused = true;
    this.#refusal = error;
  }

  /** Where the encoded result of a task lies, if it came as a blob: of a chunk, the outcomes of its items. */
  blobOf(task: number): BlobRef | undefined {
    return this.#blobs?.get(task);
  }

  setBlob(task: number, ref: BlobRef): void {
    (this.#blobs ??= new Map()).set(task, ref);
  }

  /** All of it succeeded, and none of it is big. */
  get isAllHere(): boolean {
    return this.finished && this.#failures === 0 && this.#blobs === null;
  }

  /** What it came to: only where all of it succeeded. */
  values(): unknown {
    const { scalar, shape } = this.plan;
    if (shape) return shape.join([...this.#values]);
    return scalar ? this.#values[0] : [...this.#values];
  }

  flags(task: number): ShownFlags {
    return this.#flags?.get(task) ?? this.plan.flags;
  }

  setFlags(task: number, flags: ShownFlags): void {
    (this.#flags ??= new Map()).set(task, flags);
  }

  markAborted(): void {
    this.#aborted = true;
  }

  taskId(task: number): TaskId {
    return this.plan.ids?.[task] ?? `${this.plan.session}-${this.plan.base + task}` as TaskId;
  }

  report(task: number): TaskReport | undefined {
    return this.#reports[task];
  }

  /** What the task has shown on its way; undefined where that is nothing. */
  live(task: number): LiveTask | undefined {
    return this.#live?.get(task);
  }

  /** Those that have shown something, settled ones among them. */
  shownTasks(): Iterable<readonly [task: number, live: LiveTask]> {
    return this.#live ?? [];
  }

  /** The same, made where there is none. */
  liveOrNew(task: number): LiveTask {
    let live = this.#live?.get(task);
    if (live === undefined) (this.#live ??= new Map()).set(task, live = new LiveTask());
    return live;
  }

  /** What the task has printed: of a settled one all of it. */
  printed(task: number, channel: OutputChannel): string {
    return (this.isSettled(task) ? this.#reports[task] : this.live(task))?.[channel] ?? "";
  }

  isSettled(task: number): boolean {
    const report = this.#reports[task];
    return report !== undefined && report.completed !== null;
  }

  /** The outcome of an item; undefined while it is pending. */
  outcome(item: number): ItemOutcome | undefined {
    const state = this.#states[item];
    if (this.#refusal !== null && state !== PENDING) return [false, this.#refusal];
    return state === DONE || state === FAILED ? [state === DONE, this.#values[item]] : undefined;
  }

  /** Items in the order in which they were settled. */
  get arrivals(): readonly number[] {
    return this.#arrivals;
  }

  /** The task that the item belongs to. */
  taskOf(item: number): number {
    const { items, parts, chunksize } = this.plan;
    return parts === undefined ? Math.floor(item / chunksize) : partHolding(items, parts, item);
  }

  firstItem(task: number): number {
    const { items, parts, chunksize } = this.plan;
    return parts === undefined ? task * chunksize : firstOfPart(items, parts, task);
  }

  /** One past the last item of the task. */
  endItem(task: number): number {
    return Math.min(this.plan.items, this.firstItem(task + 1));
  }

  /** The outcomes of those items of the task that have one, in order. */
  outcomesOf(task: number): ItemOutcome[] {
    const outcomes: ItemOutcome[] = [];
    for (let item = this.firstItem(task); item < this.endItem(task); item++) {
      const outcome = this.outcome(item);
      if (outcome !== undefined) outcomes.push(outcome);
    }
    return outcomes;
  }

  /** Items of the task that have no outcome yet, ascending. */
  pendingItems(task: number): number[] {
    const items: number[] = [];
    for (let item = this.firstItem(task); item < this.endItem(task); item++) {
      if (this.#states[item] === PENDING) items.push(item);
    }
    return items;
  }

  /** The task is running. */
  running(task: number, report: TaskReport): void {
    if (!this.isSettled(task)) this.#reports[task] = report;
  }

  /** One item ended, before its task did or with it. A second outcome changes nothing. */
  settleItem(item: number, ok: boolean, value: unknown): void {
    if (this.#states[item] !== PENDING) return;
    this.#states[item] = ok ? DONE : FAILED;
    this.#values[item] = value;
    this.#arrivals.push(item);
    if (!ok) this.#failures++;
  }

  /** The task ended; its items have their outcomes by now. */
  settleTask(task: number, report: TaskReport): void {
    if (this.isSettled(task)) return;
    this.#reports[task] = report;
    this.#letGo(task);
    this.#unsettledTasks--;
    this.#wake();
    if (this.#failures > 0) this.#tellFailure();
    if (this.#unsettledTasks === 0) this.#finish(report.received);
  }

  /** All pending items of the task failed with this error, and the task with them. */
  failTask(task: number, error: unknown, report: TaskReport): void {
    for (let item = this.firstItem(task); item < this.endItem(task); item++) this.settleItem(item, false, error);
    this.settleTask(task, report);
  }

  /** Resolves at the next settlement of a task; at once where all are settled. */
  changed(): Promise<void> {
    if (this.finished) return Promise.resolve();
    return new Promise((resolve) => void this.#waiters.push(resolve));
  }

  /** Calls once when all are settled; at once where they are. The result takes the callback away. */
  onFinished(callback: () => void): () => void {
    if (this.finished) {
      callback();
      return () => {};
    }
    this.#onFinished.push(callback);
    return () => void (this.#onFinished = this.#onFinished.filter((other) => other !== callback));
  }

  /** Calls at each settlement of a task, and when one shows something on its way. The result takes the callback away. */
  onChange(callback: () => void): () => void {
    this.#onChange.push(callback);
    return () => void (this.#onChange = this.#onChange.filter((other) => other !== callback));
  }

  /** A task showed something. */
  shows(): void {
    for (const callback of this.#onChange) callback();
  }

  /** Calls once, at the first failure. */
  onFailure(callback: (job: Job) => void): void {
    this.#onFailure = callback;
  }

  /** The texts of a settled task are in its report. */
  #letGo(task: number): void {
    const live = this.live(task);
    if (live === undefined) return;
    if (live.data === null && live.progress === null) this.#live?.delete(task);
    else live.stdout = live.stderr = "";
  }

  #wake(): void {
    if (this.#onChange.length > 0) this.shows();
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }

  #tellFailure(): void {
    const callback = this.#onFailure;
    this.#onFailure = null;
    callback?.(this);
  }

  #finish(received: number | null): void {
    this.#finishedAt = received;
    this.#onFailure = null;
    if (this.underWay === null) this.#tellFinished();
    else void this.underWay.then(() => this.#tellFinished());
  }

  #tellFinished(): void {
    const callbacks = this.#onFinished;
    this.#onFinished = [];
    for (const callback of callbacks) callback();
  }
}
