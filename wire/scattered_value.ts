/**
 * An encoded value whose long blocks lie in memory of their own, each exactly as long as it is: a typed array of a
 * gigabyte that arrives in pieces is written where it will be used, and stands in memory once.
 *
 * Made by `value_intake.ts`, decoded by `value_codec.ts`. Joined together it is, to the byte, what arrived.
 * @module
 */

/** A block from so many bytes on is worth memory of its own: the length that only the longest head can say. */
export const LONG_BLOCK_BYTES = 64 * 1024;

/** The extension that stands for a block in the skeleton: its place in the list, in four bytes. Never travels. */
export const BLOCK_EXTENSION = 100;

/** The head of a block, and what stands in its place: both have so many bytes. */
export const BLOCK_HEAD_BYTES = 6;

/** The content of one long extension. */
export interface Block {
  /** The extension's number. */
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the skeleton has what stands for it. */
  readonly at: number;
}

/** Bytes that are a value, as they travel or scattered. */
export type EncodedValue = Uint8Array | ScatteredValue;

/** An encoded value in parts. */
export class ScatteredValue {
  /** Bytes in all, as they travel. */
  readonly length: number;
  /** All but the blocks. */
  readonly skeleton: Uint8Array;
  readonly blocks: readonly Block[];
  #spent = false;

  constructor(skeleton: Uint8Array, blocks: readonly Block[]) {
    this.skeleton = skeleton;
    this.blocks = blocks;
    this.length = blocks.reduce((sum, { bytes }) => sum + bytes.length, skeleton.length);
  }

  /** Says that the blocks are read now; `handOver`: for the last time, since whoever takes them may change them. */
  use(handOver: boolean): void {
    this.#check();
    this.#spent = handOver;
  }

  /** The bytes as they travelled, as a copy. Throws `TypeError` once the blocks are somebody else's. */
  join(): Uint8Array<ArrayBuffer> {
    this.#check();
    const all = new Uint8Array(this.length);
    let [read, written] = [0, 0];
    for (const { type, bytes, at } of this.blocks) {
      all.set(this.skeleton.subarray(read, at), written);
      written += at - read;
      all.set(blockHead(type, bytes.length), written);
      written += BLOCK_HEAD_BYTES;
      all.set(bytes, written);
      written += bytes.length;
      read = at + BLOCK_HEAD_BYTES;
    }
    all.set(this.skeleton.subarray(read), written);
    return all;
  }

  #check(): void {
    if (this.#spent) throw new TypeError("Cannot read an encoded value again: its blocks were handed over");
  }
}

/** The bytes in one piece; copied only where they are scattered. */
export function joinedValue(value: EncodedValue): Uint8Array {
  return value instanceof ScatteredValue ? value.join() : value;
}

function blockHead(type: number, length: number): Uint8Array {
  const head = new Uint8Array(BLOCK_HEAD_BYTES);
  head[0] = 0xc9;
  new DataView(head.buffer).setUint32(1, length);
  head[5] = type;
  return head;
}
