/**
 * Takes turns: actors with something to do run one after the other, a slice each, within microtasks.
 *
 * Gives the event loop its turn after a few milliseconds, so that actors that keep each other busy starve neither
 * timers nor sockets. Measures real time, on purpose: what it bounds is how long the thread is held. Used by `cell.ts`.
 * @module
 */
import { setImmediate } from "node:timers";
import { Ring } from "./ring.ts";

/** Handles at most `budget` messages; says whether more wait. */
export interface Runnable {
  runSlice(budget: number): boolean;
}

/** Few: until a slice is over nobody looks at the time, and each of its messages may be a slow one. */
const SLICE_BUDGET = 8;
/** So long may actors hold the thread. */
const HOLD_MS = 8;
/** A handler slower than this is looked at after each message. */
const SLOW_SLICE_MS = 1;
/** Below so many slices no time is measured against `HOLD_MS`: sparse messages are never put off. */
const SLICES_BEFORE_YIELD = 32;

export class RunQueue {
  readonly #ready = new Ring<Runnable>();
  #scheduled = false;
  #turnStartedAt = 0;
  #slices = 0;
  #budget = SLICE_BUDGET;

  /** The runnable gets its slice soon. The caller sees to it that it is not in the queue twice. */
  schedule(runnable: Runnable): void {
    this.#ready.push(runnable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#run);
  }

  readonly #run = (): void => {
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      const startedAt = performance.now();
      if (this.#slices === 0) this.#turnStartedAt = startedAt;
      if (next.runSlice(this.#budget)) this.#ready.push(next);
      const endedAt = performance.now();
      this.#budget = endedAt - startedAt > SLOW_SLICE_MS ? 1 : Math.min(SLICE_BUDGET, this.#budget * 2);
      this.#slices += 1;
      if (this.#slices >= SLICES_BEFORE_YIELD || this.#budget === 1) {
        if (endedAt - this.#turnStartedAt > HOLD_MS) return this.#yield();
      }
    }
    this.#scheduled = false;
  };

  #yield(): void {
    setImmediate(() => {
      this.#slices = 0;
      this.#run();
    });
  }
}
