/**
 * Puts together the long values that arrive in pieces, until a message names them.
 *
 * Their long blocks are written where they will be used. Pieces of one value come in order and without gaps; anything
 * else is a broken pipe and throws. Used by `engine.ts`.
 * @module
 */
import type { PipeBytes } from "../protocol/pipe_messages.ts";
import { type EncodedValue, joinedValue } from "../wire/scattered_value.ts";
import { ValueIntake } from "../wire/value_intake.ts";

export class LongValues {
  readonly #values = new Map<number, ValueIntake>();

  add(value: number, total: number, offset: number, piece: Uint8Array): void {
    let long = this.#values.get(value);
    if (long === undefined) this.#values.set(value, long = new ValueIntake(total));
    if (offset !== long.filled || offset + piece.length > long.total) {
      throw new RangeError(
        `Cannot add a piece at ${offset} to a value that has ${long.filled} of ${long.total} bytes`,
      );
    }
    long.add(piece);
  }

  /** The value, which is forgotten here. */
  take(bytes: PipeBytes): EncodedValue {
    if (typeof bytes !== "number") return bytes;
    const long = this.#values.get(bytes);
    this.#values.delete(bytes);
    if (long === undefined || long.filled < long.total) {
      throw new RangeError(`Cannot use long value ${bytes}: it is not complete`);
    }
    return long.take();
  }

  /** The same as its bytes. */
  takeBytes(bytes: PipeBytes): Uint8Array {
    return joinedValue(this.take(bytes));
  }

  /** It won't be needed, complete or not. */
  drop(value: number): void {
    this.#values.delete(value);
  }
}
