/**
 * Chance by a seed: the same numbers in every run, so that a plan and a load can be had again.
 *
 * Pure. Parts of a run derive streams of their own by a name, so that what one draws changes nothing for another.
 * @module
 */

/** A stream of random numbers. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A stream of its own, the same for the same seed and name. */
  static of(seed: number, name: string): Draw {
    let state = seed >>> 0;
    for (const char of name) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    return new Draw(state);
  }

  /** From 0 to below 1. */
  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.share() * bound);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** One of them. Throws `RangeError` where there is none. */
  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new RangeError("Cannot draw one of nothing: give at least one.");
    return one;
  }

  /** All of them, in an order by chance. */
  shuffled<T>(from: readonly T[]): T[] {
    const rest = [...from];
    const order: T[] = [];
    while (rest.length > 0) order.push(...rest.splice(this.below(rest.length), 1));
    return order;
  }
}
