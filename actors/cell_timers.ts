/**
 * The timers of one actor, so that none outlives it.
 *
 * Knows a clock and no mailbox. Used by `cell.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";

export class CellTimers {
  readonly #clock: Clock;
  readonly #handles = new Set<TimerHandle>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fire` once after `delayMs`; the result takes it back. */
  set(delayMs: number, fire: () => void): () => void {
    const handle = this.#clock.setTimer(() => {
      this.#handles.delete(handle);
      fire();
    }, delayMs);
    this.#handles.add(handle);
    return () => {
      if (this.#handles.delete(handle)) this.#clock.clearTimer(handle);
    };
  }

  clear(): void {
    for (const handle of this.#handles) this.#clock.clearTimer(handle);
    this.#handles.clear();
  }
}
