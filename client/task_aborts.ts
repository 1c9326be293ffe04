/**
 * Aborting tasks, wherever they are: not yet made, waiting to be sent, at the scheduler, at a host.
 *
 * What was not sent ends here and is never sent; for the rest the scheduler or the host is asked, and its verdict settles
 * the task. Part of `session.ts`.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import { TaskAborted } from "../wire/errors.ts";
import type { DirectQueue } from "./direct_queue.ts";
import type { Job } from "./job.ts";
import type { MapSlices } from "./map_slices.ts";
import type { SubmitQueue } from "./submit_queue.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What it works with. */
export interface TaskAbortsOptions {
  readonly tasks: TaskTable;
  readonly queue: SubmitQueue;
  readonly directQueue: DirectQueue;
  /** Counters from here on are those of direct tasks. */
  readonly directFrom: number;
  readonly slices: MapSlices;
  /** The unsettled task of an id, where it is one of ours. */
  readonly find: (id: TaskId) => PendingTask | null;
  /** Ends a task here; it may still be in its table. */
  readonly fail: (job: Job, task: number, error: Error) => void;
}

/** Aborts tasks of one client, and asks for aborts of others'. */
export class TaskAborts {
  readonly #options: TaskAbortsOptions;

  constructor(options: TaskAbortsOptions) {
    this.#options = options;
  }

  /** What is not settled of a job. */
  job(job: Job): void {
    job.markAborted();
    const counters: number[] = [];
    for (let task = 0; task < job.taskCount; task++) if (!job.isSettled(task)) counters.push(job.plan.base + task);
    this.#abort(counters, job);
  }

  /** By ids, also those of other clients. */
  ids(ids: readonly TaskId[]): void {
    const foreign: TaskId[] = [];
    for (const id of ids) {
      const found = this.#options.find(id);
      if (found === null) foreign.push(id);
      else this.#abort([found.counter], found.job);
    }
    if (foreign.length > 0) this.#options.queue.abort(foreign);
  }

  #abort(counters: readonly number[], job: Job): void {
    if (job.plan.base >= this.#options.directFrom) this.#abortDirect(counters, job);
    else this.#abortScheduled(counters, job);
  }

  #abortScheduled(counters: readonly number[], job: Job): void {
    const { tasks, queue, slices } = this.#options;
    const sent: TaskId[] = [];
    for (const counter of counters) {
      const isThere = tasks.get(counter) !== undefined;
      // A task that is in no table, and not to be made yet, is settled already but for the bytes of its result.
      if (isThere && queue.isSent(counter)) sent.push(job.taskId(counter - job.plan.base));
      else if (isThere || counter >= slices.limit) this.#endUnsent(counter, job);
    }
    if (sent.length > 0) queue.abort(sent);
  }

  #abortDirect(counters: readonly number[], job: Job): void {
    for (const counter of this.#options.directQueue.abort(counters)) this.#endUnsent(counter, job);
  }

  #endUnsent(counter: number, job: Job): void {
    const task = counter - job.plan.base;
    const error = new TaskAborted(`Aborted task "${job.taskId(task)}" before it was submitted.`);
    this.#options.fail(job, task, error);
  }
}
