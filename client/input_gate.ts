/**
 * Tasks that are not sent yet since they name results that only this client will have: those of direct tasks and of the
 * scheme `pure`, and those of others that it asked for. And the tasks that name these.
 *
 *   added → **InputGate** → (results are there) → its queue
 *
 * Sends nothing; says when one may go. Owned by `client_tasks.ts`.
 * @module
 */
import type { Session, TaskId } from "../protocol/ids.ts";
import type { Clock } from "../wire/clock.ts";
import { DependencyTimeout } from "../wire/errors.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { Job } from "./job.ts";
import { isScheduled } from "./input_values.ts";
import type { PendingTask } from "./task_table.ts";

interface HeldTask {
  readonly task: PendingTask;
  /** Jobs and held tasks that it waits for. */
  open: number;
  readonly release: () => void;
  readonly stops: (() => void)[];
  /** Held because they name it. */
  readonly others: number[];
}

/** What it works with. */
export interface InputGateOptions {
  readonly session: Session;
  readonly clock: Clock;
  /** Ends a task here. */
  readonly fail: (job: Job, task: number, error: Error) => void;
}

/** The tasks of one client that wait at home. */
export class InputGate {
  readonly #options: InputGateOptions;
  readonly #held = new Map<number, HeldTask>();

  constructor(options: InputGateOptions) {
    this.#options = options;
  }

  has(counter: number): boolean {
    return this.#held.has(counter);
  }

  get tasks(): readonly PendingTask[] {
    return [...this.#held.values()].map(({ task }) => task);
  }

  /** The task waiting under this counter. */
  get(counter: number): PendingTask | undefined {
    return this.#held.get(counter)?.task;
  }

  /**
   * Keeps the task where it has to wait: `release` is called once, when it may go. `all`: nobody else can wait for any of
   * its inputs.
   */
  hold(task: PendingTask, all: boolean, release: () => void): boolean {
    const jobs = new Set<Job>();
    for (const { from } of task.inputs ?? []) {
      if (from !== null && !from.job.finished && (all || !isScheduled(from.job))) jobs.add(from.job);
    }
    const named = this.#heldAmong(task);
    if (jobs.size + named.length === 0) return false;
    const held: HeldTask = { task, open: jobs.size + named.length, release, stops: [], others: [] };
    this.#held.set(task.counter, held);
    for (const job of jobs) held.stops.push(job.onFinished(() => this.#oneLess(held)));
    for (const { others } of named) others.push(task.counter);
    this.#limit(held);
    return true;
  }

  /** The task is settled. */
  forget(counter: number): void {
    const held = this.#held.get(counter);
    if (held === undefined) return;
    this.#letGo(held);
  }

  #oneLess(held: HeldTask): void {
    if (--held.open > 0 || this.#held.get(held.task.counter) !== held) return;
    held.release();
    this.#letGo(held);
  }

  /** It goes first, those that name it behind it. */
  #letGo(held: HeldTask): void {
    this.#held.delete(held.task.counter);
    for (const stop of held.stops) stop();
    for (const counter of held.others) {
      const other = this.#held.get(counter);
      if (other !== undefined) this.#oneLess(other);
    }
  }

  #heldAmong({ inputs = [], template: { flags: { after, follow } } }: PendingTask): HeldTask[] {
    if (this.#held.size === 0) return [];
    const ids = new Set<TaskId>([...inputs.flatMap(({ id }) => id ?? []), ...after?.ids ?? [], ...follow?.ids ?? []]);
    return [...ids].flatMap((id) => {
      const parts = parseTaskId(id);
      return parts?.session === this.#options.session ? this.#held.get(parts.counter) ?? [] : [];
    });
  }

  /** The time in which it must have been assigned counts here too. */
  #limit(held: HeldTask): void {
    const { job, task, template: { flags: { timeoutMs } } } = held.task;
    if (timeoutMs === 0) return;
    const { clock, fail } = this.#options;
    const leftMs = Math.max(0, job.plan.submittedAt + timeoutMs - clock.now());
    const timer = clock.setTimer(() => fail(job, task, lateInputs(job.taskId(task), timeoutMs)), leftMs);
    held.stops.push(() => clock.clearTimer(timer));
  }
}

function lateInputs(id: TaskId, timeoutMs: number): DependencyTimeout {
  return new DependencyTimeout(
    `Cannot run task "${id}": the results in its arguments were not there within its timeout of ${timeoutMs} ms; ` +
      `allow more time`,
  );
}
