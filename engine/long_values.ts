/**
 * Puts together the long values that arrive in pieces, until a message names them.
 *
 * Pieces of one value come in order and without gaps; anything else is a broken pipe and throws. Used by `main.ts`.
 * @module
 */
import type { PipeBytes } from "../protocol/pipe_messages.ts";

interface LongValue {
  readonly bytes: Uint8Array;
  filled: number;
}

export class LongValues {
  readonly #values = new Map<number, LongValue>();

  add(value: number, total: number, offset: number, piece: Uint8Array): void {
    let long = this.#values.get(value);
    if (long === undefined) this.#values.set(value, long = { bytes: new Uint8Array(total), filled: 0 });
    if (offset !== long.filled || offset + piece.length > long.bytes.length) {
      throw new RangeError(
        `Cannot add a piece at ${offset} to a value that has ${long.filled} of ${long.bytes.length} bytes`,
      );
    }
    long.bytes.set(piece, offset);
    long.filled += piece.length;
  }

  /** The bytes, which are forgotten here. */
  take(bytes: PipeBytes): Uint8Array {
    if (typeof bytes !== "number") return bytes;
    const long = this.#values.get(bytes);
    this.#values.delete(bytes);
    if (long === undefined || long.filled < long.bytes.length) {
      throw new RangeError(`Cannot use long value ${bytes}: it is not complete`);
    }
    return long.bytes;
  }

  /** It won't be needed, complete or not. */
  drop(value: number): void {
    this.#values.delete(value);
  }
}
