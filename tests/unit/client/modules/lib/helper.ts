/** A module that another one imports. @module */
import * as zlib from "node:zlib";

/** What does not reach the text that runs: lines move. */
export interface Packed {
  readonly length: number;
}

let calls = 0;

/** Fails below 0. */
export function packedLength(size: number): number {
  if (size < 0) throw new RangeError(`negative: ${size}`);
  const packed: Packed = zlib.gzipSync("x".repeat(size));
  return packed.length;
}

/** State of the module. */
export function count(): number {
  return ++calls;
}
