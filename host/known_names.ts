/**
 * What an engine's process has been told of, within a bound: what was used longest ago is forgotten on both sides.
 *
 * Pure. For code and templates. Used by `engine_inputs.ts`.
 * @module
 */

export class KnownNames<Key, Name> {
  readonly #limit: number;
  /** Longest unused first. */
  readonly #names = new Map<Key, Name>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The name, if the process knows it. */
  use(key: Key): Name | undefined {
    const name = this.#names.get(key);
    if (name !== undefined && this.#names.size > this.#limit / 2) {
      this.#names.delete(key);
      this.#names.set(key, name);
    }
    return name;
  }

  /** Adds one; the result is what is to be forgotten in its place. */
  add(key: Key, name: Name): Name | undefined {
    this.#names.set(key, name);
    if (this.#names.size <= this.#limit) return undefined;
    const [oldest] = this.#names;
    if (oldest === undefined) return undefined;
    this.#names.delete(oldest[0]);
    return oldest[1];
  }
}
