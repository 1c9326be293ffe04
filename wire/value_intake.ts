/**
 * Takes an encoded value in pieces, cut anywhere, and puts long blocks where they will stay.
 *
 * Follows the heads of MessagePack and no more: whether it is a value at all is seen when it is decoded, and any other
 * bytes come out as they went in. No I/O. Used by both ends of a task: `client/pushed_results.ts`,
 * `client/blob_transfer.ts` and `engine/long_values.ts`.
 * @module
 */
import {
  type Block,
  BLOCK_EXTENSION,
  BLOCK_HEAD_BYTES,
  type EncodedValue,
  LONG_BLOCK_BYTES,
  ScatteredValue,
} from "./scattered_value.ts";

const FIRST_SKELETON_BYTES = 4 * 1024;
const LONGEST_HEAD_BYTES = 6;
const EXTENSION_32 = 0xc9;
const FIXED_EXTENSION_4 = 0xd6;

/** One value on its way in. */
export class ValueIntake {
  /** Bytes in all. */
  readonly total: number;
  readonly #blocks: Block[] = [];
  #filled = 0;
  #skeleton = new Uint8Array(0);
  #skeletonLength = 0;
  /** Bytes that belong to the last head and are looked at no further. */
  #skipped = 0;
  /** The block that is being filled, and how far. */
  #block: Uint8Array<ArrayBuffer> | null = null;
  #blockType = 0;
  #blockFilled = 0;
  /** A head that goes over the end of a piece. */
  readonly #head = new Uint8Array(LONGEST_HEAD_BYTES);
  #headLength = 0;

  constructor(total: number) {
    this.total = total;
  }

  /** Bytes that are here. */
  get filled(): number {
    return this.#filled;
  }

  /** The next bytes, which are copied; there must not be more than are missing. */
  add(piece: Uint8Array): void {
    let at = 0;
    let kept = 0;
    while (at < piece.length) {
      if (this.#block !== null) {
        kept = at = this.#fillBlock(this.#block, piece, at);
      } else if (this.#skipped > 0) {
        const passed = Math.min(this.#skipped, piece.length - at);
        this.#skipped -= passed;
        at += passed;
      } else {
        at += this.#takeHead(piece, at);
        if (this.#block === null) continue;
        this.#keep(piece, kept, at);
        this.#standIn(this.#block);
        kept = at;
      }
    }
    this.#keep(piece, kept, at);
    this.#filled += piece.length;
  }

  /** The value, once all of it is here. */
  take(): EncodedValue {
    const skeleton = this.#skeleton.subarray(0, this.#skeletonLength);
    return this.#blocks.length === 0 ? skeleton : new ScatteredValue(skeleton, this.#blocks);
  }

  #fillBlock(block: Uint8Array, piece: Uint8Array, at: number): number {
    const end = Math.min(piece.length, at + block.length - this.#blockFilled);
    block.set(piece.subarray(at, end), this.#blockFilled);
    this.#blockFilled += end - at;
    if (this.#blockFilled === block.length) this.#block = null;
    return end;
  }

  /** Reads the head at that place, or as much of it as is there; returns how many bytes that took. */
  #takeHead(piece: Uint8Array, at: number): number {
    if (this.#headLength === 0 && at + LONGEST_HEAD_BYTES <= piece.length) {
      const length = headLength(piece[at] ?? 0);
      this.#readHead(piece, at, this.#filled + at + length);
      return length;
    }
    this.#head[this.#headLength++] = piece[at] ?? 0;
    if (this.#headLength < headLength(this.#head[0] ?? 0)) return 1;
    this.#headLength = 0;
    this.#readHead(this.#head, 0, this.#filled + at + 1);
    return 1;
  }

  /** `end`: where it ends in the whole value. */
  #readHead(bytes: Uint8Array, at: number, end: number): void {
    const length = contentLength(bytes, at);
    if (bytes[at] !== EXTENSION_32 || length < LONG_BLOCK_BYTES || length > this.total - end) {
      this.#skipped = length;
      return;
    }
    this.#block = new Uint8Array(length);
    this.#blockType = bytes[at + 5] ?? 0;
    this.#blockFilled = 0;
  }

  #keep(piece: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    const length = this.#skeletonLength + to - from;
    if (length > this.#skeleton.length) this.#grow(length);
    this.#skeleton.set(piece.subarray(from, to), this.#skeletonLength);
    this.#skeletonLength = length;
  }

  /** Replaces the head of a block, the last that was kept. */
  #standIn(block: Uint8Array<ArrayBuffer>): void {
    const at = this.#skeletonLength - BLOCK_HEAD_BYTES;
    const view = new DataView(this.#skeleton.buffer, at);
    view.setUint8(0, FIXED_EXTENSION_4);
    view.setUint8(1, BLOCK_EXTENSION);
    view.setUint32(2, this.#blocks.length);
    this.#blocks.push({ type: this.#blockType, bytes: block, at });
  }

  #grow(needed: number): void {
    const room = Math.min(this.total, Math.max(needed, this.#skeleton.length * 2, FIRST_SKELETON_BYTES));
    const longer = new Uint8Array(room);
    longer.set(this.#skeleton.subarray(0, this.#skeletonLength));
    this.#skeleton = longer;
  }
}

/** Bytes of the head that begins so: the first one, a length, an extension's number. */
function headLength(first: number): number {
  if (first < 0xc4 || first >= 0xe0) return 1;
  if (first < 0xc7) return 1 + (1 << (first - 0xc4));
  if (first < 0xca) return 2 + (1 << (first - 0xc7));
  if (first < 0xd9) return 1;
  if (first < 0xdc) return 1 + (1 << (first - 0xd9));
  return (first & 1) === 0 ? 3 : 5;
}

/** Bytes that follow the head and are no head themselves. */
function contentLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0xa0 || first >= 0xdc) return 0;
  if (first < 0xc0) return first & 0x1f;
  if (first < 0xc4) return 0;
  if (first < 0xca) return number(bytes, at + 1, 1 << ((first - 0xc4) % 3));
  if (first < 0xcc) return first === 0xca ? 4 : 8;
  if (first < 0xd4) return 1 << (first & 3);
  if (first < 0xd9) return 1 + (1 << (first - 0xd4));
  return number(bytes, at + 1, 1 << (first - 0xd9));
}

function number(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = at; index < at + length; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
}
