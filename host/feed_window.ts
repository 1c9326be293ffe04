/**
 * How many tasks may be in the pipe to an engine: those that run, and as many as it finishes in two milliseconds.
 *
 * Pure. Quick tasks need a few hundred in the pipe, or the engine waits for its host between any two; of slow ones there
 * is one for each slot, since what is in the pipe can't be given to another engine. Used by `engine_feed.ts`.
 * @module
 */

const AHEAD_MS = 2;
const MAX_RUNS = 256;
/** Bytes of arguments in the pipe; a single run may have more. */
export const WINDOW_BYTES = 256 * 1024;
/** Share of the newest run time in the mean. */
const NEWEST = 0.3;
const SHORTEST_MS = 0.005;

export class FeedWindow {
  readonly #slots: number;
  #meanMs = AHEAD_MS;

  /** For an engine that runs `slots` at a time. */
  constructor(slots: number) {
    this.#slots = slots;
  }

  /** At least one for each slot. What is ahead of these is counted as for one slot: quick tasks rarely await. */
  get runs(): number {
    return this.#slots + Math.min(MAX_RUNS - 1, Math.floor(AHEAD_MS / this.#meanMs));
  }

  /** A run took so long on the engine. */
  observe(runMs: number): void {
    this.#meanMs += NEWEST * (Math.max(SHORTEST_MS, runMs) - this.#meanMs);
  }
}
