/**
 * Encodes the later tasks of big maps slice by slice, so that the first ones start meanwhile and the event loop lives.
 *
 * Only what can't change may wait: the caller hands in plain primitives. Slices follow the sending, so that a queue that
 * is full holds no more than one of them. Owned by `client_tasks.ts` and `pure_lane.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { Job } from "./job.ts";

/** Tasks of one slice. */
export const SLICE_TASKS = 4_000;

/** Adds the tasks `from` … `end` of the job to the table. */
export type FeedTasks = (from: number, end: number) => void;

interface Source {
  readonly job: Job;
  readonly feed: FeedTasks;
  /** The first task that is not in the table. */
  at: number;
}

/** Maps whose tasks are not all in the table, in order of submission. */
export class MapSlices {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #sources: Source[] = [];
  #timer: TimerHandle | null = null;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** The first counter that is not in the table yet; Infinity where all are. */
  get limit(): number {
    const first = this.#sources[0];
    return first === undefined ? Infinity : first.job.plan.base + first.at;
  }

  /** Whether the task of that counter is one of those that come next. */
  makes(counter: number): boolean {
    const first = this.#sources[0];
    return first !== undefined && counter >= this.limit && counter < first.job.plan.base + first.job.taskCount;
  }

  /** Unfinished jobs that are not in the table as a whole. */
  get jobs(): readonly Job[] {
    return this.#sources.map((source) => source.job).filter((job) => !job.finished);
  }

  /** The tasks of `job` from `at` on come later. */
  add(job: Job, at: number, feed: FeedTasks): void {
    this.#sources.push({ job, feed, at });
  }

  /** All below `cursor` is sent: makes the next slice in a turn of its own. */
  advanced(cursor: number): void {
    if (cursor < this.limit || this.#sources.length === 0 || this.#timer !== null) return;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null;
      this.#feedOne();
      this.#wake();
    }, 0);
  }

  /** Nothing more is made. */
  close(): void {
    this.#sources = [];
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #feedOne(): void {
    const source = this.#sources[0];
    if (source === undefined) return;
    const { job, at } = source;
    const end = job.finished ? job.taskCount : Math.min(job.taskCount, at + SLICE_TASKS);
    if (!job.finished) source.feed(at, end);
    source.at = end;
    if (end === job.taskCount) this.#sources.shift();
  }
}
