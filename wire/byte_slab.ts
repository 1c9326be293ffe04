/**
 * Copies of short byte strings, many to a buffer: a buffer of its own costs a short one ten times the copying.
 *
 * A copy keeps its slab alive, so slabs are small, and only short strings are cut from one. What was handed out is never
 * written again. Called by `kept_codec.ts`.
 * @module
 */

const SLAB_BYTES = 8 * 1024;
/** Longer ones get their own buffer. */
const LONGEST_SHARED_BYTES = 512;

/** Cuts copies from the current slab. */
export class ByteSlab {
  #slab = new ArrayBuffer(SLAB_BYTES);
  #used = 0;

  /** A copy that belongs to the caller alone. Its `byteOffset` need not be 0. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > LONGEST_SHARED_BYTES) return bytes.slice();
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#slab, this.#used, length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }
}
