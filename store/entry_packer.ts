/**
 * Gathers entries into one run of bytes, to be handed to another thread as a whole.
 *
 * One copy of each entry and no object: thousands are under way at a time.
 * @module
 */

const FIRST_BYTES = 16 * 1024;

/** Entries one after the other. */
export class EntryPacker {
  #bytes = new Uint8Array(FIRST_BYTES);
  #used = 0;
  readonly #lengths: number[] = [];

  /** How many there are. */
  get count(): number {
    return this.#lengths.length;
  }

  /** All their bytes. */
  get size(): number {
    return this.#used;
  }

  /** Copies an entry to the end. */
  add(entry: Uint8Array): void {
    const needed = this.#used + entry.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.set(entry, this.#used);
    this.#used = needed;
    this.#lengths.push(entry.length);
  }

  /** The entries; nothing may be added after that. */
  pack(): { readonly lengths: Uint32Array; readonly bytes: Uint8Array } {
    return { lengths: Uint32Array.from(this.#lengths), bytes: this.#bytes.slice(0, this.#used) };
  }
}
