/**
 * Calls when the time of the running task is up: its `maxRuntime`, or the grace after its abort.
 *
 * One timer for a process, set only for runs that have a bound: the others cost a comparison. Used by `engine_feed.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { SentRun } from "./sent_runs.ts";

export class RunDeadline {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #running: () => SentRun | null;
  readonly #timeUp: (run: SentRun) => void;
  #timer: TimerHandle | null = null;
  #dueMs = Infinity;

  /** `running` is asked for the run that runs now, `timeUp` is told of the one whose time is up. */
  constructor(clock: Clock, graceMs: number, running: () => SentRun | null, timeUp: (run: SentRun) => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#running = running;
    this.#timeUp = timeUp;
  }

  /** Something changed about the running task. A timer that is now too early looks again when it fires. */
  look(): void {
    const running = this.#running();
    const dueMs = running === null ? Infinity : this.#dueOf(running);
    if (dueMs >= this.#dueMs) return;
    this.stop();
    this.#dueMs = dueMs;
    this.#timer = this.#clock.setTimer(() => this.#fire(), Math.max(0, dueMs - this.#clock.now()));
  }

  stop(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#dueMs = Infinity;
  }

  #fire(): void {
    this.stop();
    const running = this.#running();
    if (running === null) return;
    if (this.#dueOf(running) > this.#clock.now()) this.look();
    else this.#timeUp(running);
  }

  #dueOf({ run, startedAtMs, abortedAtMs }: SentRun): number {
    const { maxRuntimeMs } = run.template.flags;
    const bound = maxRuntimeMs > 0 ? startedAtMs + maxRuntimeMs : Infinity;
    return abortedAtMs === null ? bound : Math.min(bound, Math.max(startedAtMs, abortedAtMs) + this.#graceMs);
  }
}
