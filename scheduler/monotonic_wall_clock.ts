/**
 * Epoch milliseconds that never go back: the wall clock at the start, moved on by the monotonic one.
 *
 * Stamps events and records; a machine whose clock is set, or that sleeps, doesn't turn the order of things around.
 * @module
 */
import type { Clock } from "../wire/clock.ts";

export class MonotonicWallClock {
  readonly #clock: Clock;
  readonly #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.wallTime() - clock.now();
  }

  /** Epoch ms. */
  now(): number {
    return this.#clock.now() + this.#offset;
  }
}
