/**
 * Calls when the time of a running task is up: its `maxRuntime`, or the grace after its abort.
 *
 * One timer for a process, set only for runs that have a bound: the others cost a comparison. Used by `engine_feed.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { SentRun } from "./sent_runs.ts";

export class RunDeadline {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #running: () => readonly SentRun[];
  readonly #timeUp: (run: SentRun) => void;
  #timer: TimerHandle | null = null;
  #dueMs = Infinity;

  /** `running` is asked for the runs that run now, `timeUp` is told of each whose time is up. */
  constructor(clock: Clock, graceMs: number, running: () => readonly SentRun[], timeUp: (run: SentRun) => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#running = running;
    this.#timeUp = timeUp;
  }

  /** A run began, or was aborted while it runs. A timer that is too early by now looks again when it fires. */
  look(run: SentRun): void {
    this.#setTimer(this.#dueOf(run));
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#dueMs = Infinity;
  }

  #setTimer(dueMs: number): void {
    if (dueMs >= this.#dueMs) return;
    this.stop();
    this.#dueMs = dueMs;
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(0, dueMs - this.#clock.now()));
  }

  #fire(): void {
    this.stop();
    const now = this.#clock.now();
    for (const run of this.#running()) {
      const dueMs = this.#dueOf(run);
      if (dueMs > now) this.#setTimer(dueMs);
      else this.#timeUp(run);
    }
  }

  #dueOf({ run, startedAtMs, abortedAtMs }: SentRun): number {
    const { maxRuntimeMs } = run.template.flags;
    const bound = maxRuntimeMs > 0 ? startedAtMs + maxRuntimeMs : Infinity;
    return abortedAtMs === null ? bound : Math.min(bound, Math.max(startedAtMs, abortedAtMs) + this.#graceMs);
  }
}
