/**
 * Chance by name: the same seed and name give the same sequence, whatever else is drawn in a run.
 *
 * So a plan that is thinned keeps the rest of its luck. Used by all of the simulation.
 * @module
 */
import { SeededRandom } from "../../scheduler/core/random.ts";

/** Draws with a few more ways to ask. */
export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number, name: string) {
    this.#random = new SeededRandom(hash(seed, name));
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#random.next();
  }

  /** Uniform among 0 … `count` - 1. */
  below(count: number): number {
    return this.#random.below(count);
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.#random.below(max - min + 1);
  }

  /** One of several; throws `RangeError` where there are none. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick one of none; look at the length first");
    return item;
  }
}

function hash(seed: number, name: string): number {
  let bits = seed ^ 0x9e3779b9;
  for (let index = 0; index < name.length; index++) bits = Math.imul(bits ^ name.charCodeAt(index), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  return (bits ^ (bits >>> 15)) >>> 0;
}
