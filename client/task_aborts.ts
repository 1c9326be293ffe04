/**
 * Aborting tasks, wherever they are: not yet made, waiting to be sent, at the scheduler, at a host.
 *
 * What was not sent ends here and is never sent; for the rest the scheduler or the host is asked, and its verdict settles
 * the task. Part of `client_tasks.ts`.
 * @module
 */
import { type TaskId, wayOf } from "../protocol/ids.ts";
import { TaskAborted } from "../wire/errors.ts";
import { AbortSignals } from "./abort_signals.ts";
import type { DirectQueue } from "./direct_queue.ts";
import type { Job } from "./job.ts";
import type { MapSlices } from "./map_slices.ts";
import { MirroredJob } from "./mirrored_job.ts";
import type { PureTasks } from "./pure_tasks.ts";
import type { SubmitQueue } from "./submit_queue.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What it works with. */
export interface TaskAbortsOptions {
  readonly tasks: TaskTable;
  readonly queue: SubmitQueue;
  readonly directQueue: DirectQueue;
  readonly pure: Pick<PureTasks, "owns" | "checkAbort" | "letGo">;
  readonly slices: MapSlices;
  /** Whether the task waits at home for results of others. */
  readonly isHeld: (counter: number) => boolean;
  /** Told of tasks of other clients whose abort is asked for. */
  readonly askedOfOthers: (ids: readonly TaskId[]) => void;
  /** The unsettled task of an id, where it is one of ours. */
  readonly find: (id: TaskId) => PendingTask | null;
  /** Ends a task here; it may still be in its table. */
  readonly fail: (job: Job, task: number, error: Error) => void;
}

/** Aborts tasks of one client, and asks for aborts of others'. */
export class TaskAborts {
  readonly #options: TaskAbortsOptions;
  readonly #signals = new AbortSignals((job) => this.job(job));

  constructor(options: TaskAbortsOptions) {
    this.#options = options;
  }

  /** Aborts the job when the signal is. */
  watch(signal: AbortSignal, job: Job): void {
    this.#signals.watch(signal, job);
  }

  /** What is not settled of a job. Throws `TypeError` where the scheme of its tasks can't. */
  job(job: Job): void {
    if (job instanceof MirroredJob) return this.#mirrored(job);
    if (job.taskCount > 0) this.#options.pure.checkAbort([job.taskId(0)]);
    job.markAborted();
    const { ids } = job.plan;
    if (ids !== undefined) return this.ids(ids.filter((_, task) => !job.isSettled(task)));
    const counters: number[] = [];
    for (let task = 0; task < job.taskCount; task++) if (!job.isSettled(task)) counters.push(job.plan.base + task);
    this.#abort(counters, job);
  }

  /** By ids, also those of other clients. Throws `TypeError` where the scheme of one of these can't. */
  ids(ids: readonly TaskId[]): void {
    this.#options.pure.checkAbort(ids);
    const foreign: TaskId[] = [];
    for (const id of ids) {
      const found = this.#options.find(id);
      if (found === null) foreign.push(id);
      else this.#abort([found.counter], found.job);
    }
    if (foreign.length === 0) return;
    this.#options.queue.abort(foreign);
    this.#options.askedOfOthers(foreign);
  }

  /** The same once more, of tasks of other clients. */
  again(ids: readonly TaskId[]): void {
    this.#options.queue.abort(ids);
  }

  /** Nobody wants the results of a job any more: aborts what is not settled of it, as far as its scheme can. */
  letGo(job: Job): void {
    if (this.#options.pure.owns(job.plan.base)) this.#options.pure.letGo(job);
    else this.job(job);
  }

  /** Its tasks are those of other jobs. */
  #mirrored(mirrored: MirroredJob): void {
    for (let index = 0; index < mirrored.taskCount; index++) {
      const { job, item } = mirrored.source(index);
      const task = job.taskOf(item);
      if (job.isSettled(task)) continue;
      if (job.plan.ids !== undefined) {
        this.ids([job.taskId(task)]);
        continue;
      }
      this.#options.pure.checkAbort([job.taskId(task)]);
      this.#abort([job.plan.base + task], job);
    }
  }

  #abort(counters: readonly number[], job: Job): void {
    if (wayOf(job.plan.base) === "direct") this.#abortDirect(counters, job);
    else this.#abortScheduled(counters, job);
  }

  #abortScheduled(counters: readonly number[], job: Job): void {
    const { tasks, queue, slices } = this.#options;
    const sent: TaskId[] = [];
    for (const counter of counters) {
      const isThere = tasks.get(counter) !== undefined;
      // A task that is in no table, and not to be made yet, is settled already but for the bytes of its result.
      if (this.#options.isHeld(counter)) this.#endUnsent(counter, job);
      else if (isThere && queue.isSent(counter)) sent.push(job.taskId(counter - job.plan.base));
      else if (isThere || counter >= slices.limit) this.#endUnsent(counter, job);
    }
    if (sent.length > 0) queue.abort(sent);
  }

  #abortDirect(counters: readonly number[], job: Job): void {
    for (const counter of counters) if (this.#options.isHeld(counter)) this.#endUnsent(counter, job);
    for (const counter of this.#options.directQueue.abort(counters)) this.#endUnsent(counter, job);
  }

  #endUnsent(counter: number, job: Job): void {
    const task = counter - job.plan.base;
    const error = new TaskAborted(`Aborted task "${job.taskId(task)}" before it was submitted.`);
    this.#options.fail(job, task, error);
  }
}
