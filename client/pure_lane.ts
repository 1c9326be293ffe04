/**
 * What one submitter has to be published in the scheme `pure`, in the order in which it submitted it.
 *
 * A program has one, and so has each task of an engine whose tasks share a client: none of them may have to wait until
 * others' tasks are settled, which may themselves be waiting. Holds counters, no tasks. Part of `pure_lanes.ts`, read by
 * `pure_queue.ts`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { Job } from "./job.ts";
import { type FeedTasks, MapSlices } from "./map_slices.ts";
import type { PendingTask, TaskTable } from "./task_table.ts";

/** What a lane works with. */
export interface PureLaneOptions {
  readonly clock: Clock;
  readonly table: TaskTable;
  /** Whether the task of that counter is published and not settled. */
  readonly isUnderWay: (counter: number) => boolean;
  /** There may be more to send. */
  readonly wake: () => void;
}

/** Consecutive counters. */
interface CounterRange {
  /** All below is sent, or settled, or is to go again. */
  at: number;
  end: number;
}

/** The way of one submitter's tasks. */
export class PureLane {
  /** `JobPlan.owner` of its jobs. */
  readonly owner: object | null;
  readonly #options: PureLaneOptions;
  readonly #slices: MapSlices;
  readonly #ranges: CounterRange[] = [];
  /** Was published before and is to be published once more. */
  #again: number[] = [];
  #size = 0;

  constructor(owner: object | null, options: PureLaneOptions) {
    this.owner = owner;
    this.#options = options;
    this.#slices = new MapSlices(options.clock, options.wake);
  }

  /** How many are to be sent, at most: some may be settled. */
  get size(): number {
    return this.#size + this.#again.length;
  }

  /** Jobs that are not in the table as a whole. */
  get unmade(): readonly Job[] {
    return this.#slices.jobs;
  }

  /** Whether the task of that counter is still to be made. */
  isUnmade(counter: number): boolean {
    return counter >= this.#slices.limit;
  }

  /** The task is in the table. */
  add(counter: number): void {
    // Later tasks of a big map have had their place since it was submitted.
    if (!this.#slices.makes(counter)) this.#append(counter, counter + 1);
  }

  /** The tasks of the job from `at` on are added later, by `feed`, and go before what is submitted after the job. */
  addLater(job: Job, at: number, feed: FeedTasks): void {
    const { base } = job.plan;
    this.#append(base + at, base + job.taskCount);
    this.#slices.add(job, at, feed);
  }

  /** These go before all others. */
  sendAgain(counters: readonly number[]): void {
    this.#again = [...counters, ...this.#again];
  }

  /** The next task to send, left where it is. */
  peek(): PendingTask | null {
    for (let counter = this.#again[0]; counter !== undefined; counter = this.#again[0]) {
      const task = this.#live(counter);
      if (task !== null) return task;
      this.#again.shift();
    }
    for (let range = this.#ranges[0]; range !== undefined; range = this.#ranges[0]) {
      const task = this.#peekIn(range);
      if (task !== null || range.at < range.end) return task;
      this.#ranges.shift();
    }
    return null;
  }

  /** The task that was peeked at is sent, or will never be. */
  pass({ counter }: PendingTask): void {
    if (this.#again[0] === counter) this.#again.shift();
    else this.#step();
  }

  /** Makes more tasks, where all that there were are sent. */
  sent(): void {
    this.#slices.advanced(this.#ranges[0]?.at ?? Infinity);
  }

  /** Nothing more is made. */
  close(): void {
    this.#slices.close();
  }

  /** Stops where the next slice of a map begins. */
  #peekIn(range: CounterRange): PendingTask | null {
    const { limit } = this.#slices;
    const end = limit < range.at ? range.end : Math.min(limit, range.end);
    for (; range.at < end; this.#step()) {
      const task = this.#live(range.at);
      if (task !== null) return task;
    }
    return null;
  }

  #step(): void {
    const [range] = this.#ranges;
    if (range === undefined) return;
    range.at++;
    this.#size--;
  }

  #append(from: number, end: number): void {
    const last = this.#ranges.at(-1);
    if (last?.end === from) last.end = end;
    else this.#ranges.push({ at: from, end });
    this.#size += end - from;
  }

  /** Not settled, and not under way. */
  #live(counter: number): PendingTask | null {
    const task = this.#options.table.get(counter);
    return task === undefined || this.#options.isUnderWay(counter) ? null : task;
  }
}
