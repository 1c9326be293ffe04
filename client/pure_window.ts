/**
 * How much a client publishes ahead in the scheme `pure`, by how long each function was seen to run.
 *
 * Nobody calls back what an engine has taken, and nobody else runs it when that engine dies: so slow tasks go a few at a
 * time, quick ones as many as keep engines busy until the next results are here. Pure. Used by `pure_queue.ts`.
 * @module
 */
import type { FunctionCode } from "./function_code.ts";

/** Work published ahead for each slot, where the run time is known. */
const AHEAD_MS = 20;
/** With so many tasks for each slot on average, chance leaves one slot in 3,000 without any. */
const MIN_AHEAD = 8;
const MAX_AHEAD = 1_024;
/** Tasks in one message take so long together at most. */
const MESSAGE_MS = 0.5;
const MAX_MESSAGE = 32;
/** Share of the newest run time in the mean. */
const NEWEST = 0.1;
const SHORTEST_MS = 0.005;

/** What is known of run times. */
export class PureWindow {
  readonly #meanMs = new WeakMap<FunctionCode, number>();

  /** A task of this function ran so long. */
  observe(code: FunctionCode, runMs: number): void {
    const seen = Math.max(SHORTEST_MS, runMs);
    const mean = this.#meanMs.get(code) ?? seen;
    this.#meanMs.set(code, mean + NEWEST * (seen - mean));
  }

  /** Tasks that may be published and not settled, for each slot. */
  aheadOf(code: FunctionCode): number {
    const mean = this.#meanMs.get(code);
    if (mean === undefined) return MIN_AHEAD;
    return Math.max(MIN_AHEAD, Math.min(MAX_AHEAD, Math.floor(AHEAD_MS / mean)));
  }

  /** Tasks that may travel in one message, so go to one engine. 1 until the function has been seen to be quick. */
  togetherOf(code: FunctionCode): number {
    const mean = this.#meanMs.get(code);
    return mean === undefined ? 1 : Math.max(1, Math.min(MAX_MESSAGE, Math.floor(MESSAGE_MS / mean)));
  }
}
