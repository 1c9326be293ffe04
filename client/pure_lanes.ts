/**
 * The lanes of all who submit through one client in the scheme `pure`; each is there while it has something to send.
 *
 * Decides nothing about tasks. Owned by `pure_tasks.ts`, which puts tasks in; `pure_queue.ts` takes them out.
 * @module
 */
import type { Job } from "./job.ts";
import { PureLane, type PureLaneOptions } from "./pure_lane.ts";
import type { PendingTask } from "./task_table.ts";

/** Lanes by who submits. */
export class PureLanes {
  readonly #options: PureLaneOptions;
  readonly #lanes = new Map<object | null, PureLane>();

  constructor(options: PureLaneOptions) {
    this.#options = options;
  }

  /** The lane of these tasks; made where there is none. */
  of({ plan: { owner = null } }: Job): PureLane {
    let lane = this.#lanes.get(owner);
    if (lane === undefined) this.#lanes.set(owner, lane = new PureLane(owner, this.#options));
    return lane;
  }

  /** Jobs that are not in the table as a whole. */
  *unmade(): Generator<Job> {
    for (const lane of this.#lanes.values()) yield* lane.unmade;
  }

  /** Whether a task of the job is still to be made. */
  isUnmade({ plan: { owner = null } }: Job, counter: number): boolean {
    return this.#lanes.get(owner)?.isUnmade(counter) ?? false;
  }

  /** Puts tasks that were taken out before all others of their lane. */
  sendAgain(tasks: readonly PendingTask[]): void {
    const lanes = new Map<PureLane, number[]>();
    for (const { counter, job } of tasks) {
      const lane = this.of(job);
      const counters = lanes.get(lane);
      if (counters === undefined) lanes.set(lane, [counter]);
      else counters.push(counter);
    }
    for (const [lane, counters] of lanes) lane.sendAgain(counters);
  }

  /** Has `send` send of one lane after the other, one message each time, until it says of each that it can't. */
  inTurn(send: (lane: PureLane) => boolean): void {
    // A lane that is put at the end comes again in this very loop.
    for (const [owner, lane] of this.#lanes) {
      if (!send(lane)) continue;
      this.#lanes.delete(owner);
      this.#lanes.set(owner, lane);
    }
  }

  /** All that could be sent is: makes more, and forgets who has nothing to send. */
  sent(): void {
    for (const [owner, lane] of this.#lanes) {
      lane.sent();
      if (lane.size === 0) this.#lanes.delete(owner);
    }
  }

  /** Nothing more is made. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.close();
  }
}
