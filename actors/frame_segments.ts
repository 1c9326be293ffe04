/**
 * Encodes a message as a list of pieces in which long byte strings are the caller's own, not copies.
 *
 * A message of 100 MB that was encoded as a whole would stand in memory two or three times until the last part of it
 * has left. Joined together, the pieces are what `encodeFrame` makes of the value. Used by `link_outbox.ts` for what
 * must be cut anyway; short values and short neighbours of long ones go through `encodeFrame` in runs.
 * @module
 */
import { encodeFrame } from "../wire/frame_codec.ts";

/** From here on a piece of its own is cheaper than a copy. */
const LONG_BYTES = 64 * 1024;

/** MessagePack's headers with a length of 32 bits. */
const HEADER = { bin: 0xc6, array: 0xdd, map: 0xdf } as const;

/** The pieces of `encodeFrame(value)`. Throws `SerializationError` as that does. */
export function frameSegments(value: unknown): readonly Uint8Array[] {
  const segments: Uint8Array[] = [];
  add(value, segments);
  return segments;
}

function add(value: unknown, segments: Uint8Array[]): void {
  if (!holdsLong(value)) return void segments.push(encodeFrame(value));
  if (ArrayBuffer.isView(value)) {
    segments.push(header(HEADER.bin, value.byteLength));
    segments.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    segments.push(header(HEADER.array, value.length));
    addItems(value, segments);
  } else {
    const entries = Object.entries(value as object);
    segments.push(header(HEADER.map, entries.length));
    for (const [key, item] of entries) {
      segments.push(encodeFrame(key));
      add(item, segments);
    }
  }
}

/** Neighbours without anything long in them are encoded together. */
function addItems(items: readonly unknown[], segments: Uint8Array[]): void {
  let start = 0;
  for (let at = 0; at <= items.length; at++) {
    const isLong = at < items.length && holdsLong(items[at]);
    if (!isLong && at < items.length) continue;
    if (at > start) segments.push(withoutHeader(encodeFrame(items.slice(start, at)), at - start));
    if (isLong) add(items[at], segments);
    start = at + 1;
  }
}

function withoutHeader(array: Uint8Array, length: number): Uint8Array {
  if (length < 16) return array.subarray(1);
  return array.subarray(length < 65_536 ? 3 : 5);
}

function holdsLong(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (ArrayBuffer.isView(value)) return value.byteLength >= LONG_BYTES;
  return Array.isArray(value) ? value.some(holdsLong) : Object.values(value).some(holdsLong);
}

function header(kind: number, length: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

/** `length` bytes from `offset` of the pieces joined together, as a copy. */
export class SegmentReader {
  /** Bytes in all. */
  readonly length: number;
  readonly #segments: readonly Uint8Array[];
  #segment = 0;
  #within = 0;
  #read = 0;

  /** Reads from the first byte on. */
  constructor(segments: readonly Uint8Array[]) {
    this.#segments = segments;
    this.length = segments.reduce((sum, segment) => sum + segment.length, 0);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#read;
  }

  /** All of them that were not read; what is one segment by itself is not copied. */
  readAll(): Uint8Array {
    const [only] = this.#segments;
    return this.#segments.length === 1 && this.#read === 0 && only !== undefined ? only : this.read(this.length);
  }

  /** The next `length` bytes, fewer at the end. */
  read(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.length - this.#read));
    for (let filled = 0; filled < bytes.length;) {
      const segment = this.#segments[this.#segment];
      if (segment === undefined) break;
      const piece = segment.subarray(this.#within, this.#within + bytes.length - filled);
      bytes.set(piece, filled);
      filled += piece.length;
      this.#within += piece.length;
      if (this.#within < segment.length) continue;
      this.#segment += 1;
      this.#within = 0;
    }
    this.#read += bytes.length;
    return bytes;
  }
}
