/**
 * Copies of short byte strings, many to a buffer: a buffer of its own costs a short one ten times the copying.
 *
 * A copy keeps its slab alive, so slabs are small where copies are kept, larger where they are handled soon; only short
 * strings are cut from one. What was handed out is never written again. Called by `kept_codec.ts`, by readers of pipes
 * and by the buses.
 * @module
 */

const SLAB_BYTES = 8 * 1024;
/** For copies that are let go of soon. */
export const PASSING_SLAB_BYTES = 64 * 1024;
/** Strings longer than this part of a slab get their own buffer. */
const SHARED_PART = 1 / 16;

/** Cuts copies from the current slab. */
export class ByteSlab {
  readonly #slabBytes: number;
  #slab: ArrayBuffer;
  #used = 0;

  constructor(slabBytes: number = SLAB_BYTES) {
    this.#slabBytes = slabBytes;
    this.#slab = new ArrayBuffer(slabBytes);
  }

  /** A copy that belongs to the caller alone. Its `byteOffset` need not be 0. */
  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > this.#slabBytes * SHARED_PART) return bytes.slice();
    if (this.#used + length > this.#slabBytes) {
      this.#slab = new ArrayBuffer(this.#slabBytes);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#slab, this.#used, length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }
}
