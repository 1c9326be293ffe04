/**
 * Copies of small payloads, cut from larger buffers: a `Uint8Array` with a buffer of its own costs several times as much.
 *
 * No byte is written twice, so a copy stays what it is for as long as anybody holds it. It keeps its whole slab alive:
 * for what is handled soon, not for what is kept.
 * @module
 */

const SLAB_BYTES = 65_536;
const LARGE_BYTES = 4_096;

/** The source of copies of one connection. */
export class ByteArena {
  #slab = new Uint8Array(0);
  #used = 0;

  /** The same bytes in memory that nobody else writes to. */
  copy(bytes: Uint8Array): Uint8Array {
    const size = bytes.length;
    if (size > LARGE_BYTES) return bytes.slice();
    if (this.#used + size > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used += size);
    copy.set(bytes);
    return copy;
  }
}
