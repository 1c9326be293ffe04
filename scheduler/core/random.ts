/**
 * Chance that can be replayed: a small seeded generator whose whole state is one number.
 *
 * The only source of chance in the core (schemes, jitter). Not for secrets.
 * @module
 */

/** The sequence is fixed by the seed; `state` put into a new one goes on from there. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** All there is to remember. */
  get state(): number {
    return this.#state;
  }

  /** Uniform in [0, 1): a counter stepped by an odd constant, its bits mixed twice. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 4294967296;
  }

  /** Uniform among 0 … `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }
}
