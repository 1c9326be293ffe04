/**
 * Between this machine's clock and the times of records, which count from the start of the hub.
 *
 * The difference is taken once, so that a time that was shown can be asked for exactly; again where the hub began anew, or
 * a clock was set. Used by `questions.ts`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";

/** Messages take their time; more than this is no delay. */
const MAX_DRIFT_MS = 1_000;

/** One client's idea of when its hub began. */
export class ControllerTime {
  readonly #clock: Clock;
  #origin: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The hub has just said how old it is. */
  observe(ageMs: number): void {
    const origin = Math.round(this.#clock.wallTime() - ageMs);
    if (this.#origin === null || Math.abs(origin - this.#origin) > MAX_DRIFT_MS) this.#origin = origin;
  }

  /** Epoch ms here. */
  toLocal(ms: number): number {
    return (this.#origin ?? 0) + ms;
  }

  /** ms since the hub began. */
  toHub(at: number): number {
    return at - (this.#origin ?? 0);
  }
}
