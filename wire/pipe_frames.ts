/**
 * Frames on the pipe: writing them, and taking them out of chunks that were cut anywhere.
 *
 * No I/O. Both ends use it. The head carries a random key that only the two ends know, so whatever else was written
 * into the pipe is found out, at the latest with the next head: the parser throws, and the host ends that process.
 * @module
 */
import { ByteSlab } from "./byte_slab.ts";
import { decodeFrame, encodeFrame } from "./frame_codec.ts";
import { MAX_FRAME_BYTES, PIPE_KEY_BYTES } from "../protocol/pipe_messages.ts";

const HEAD_BYTES = 8;
/** As MessagePack has them. */
const ARRAY_OF_FIVE = 0x95;
const BINARY_32 = 0xc6;
const BINARY_HEAD_BYTES = 5;

/** Bytes on the pipe that are not a frame of ours. */
export class PipeViolation extends Error {
  override readonly name = "PipeViolation";
}

/** A fresh key. It begins like no ASCII text does, so that already the first byte of what a task prints is found out. */
export function newPipeKey(): Uint8Array<ArrayBuffer> {
  const key = crypto.getRandomValues(new Uint8Array(PIPE_KEY_BYTES));
  key[0] = (key[0] ?? 0) | 0x80;
  return key;
}

/** The frame around one message. */
export function pipeFrame(key: number, message: readonly unknown[]): Uint8Array<ArrayBuffer> {
  const body = encodeFrame(message);
  const frame = new Uint8Array(HEAD_BYTES + body.length);
  writeHead(frame, key, body.length);
  frame.set(body, HEAD_BYTES);
  return frame;
}

/**
 * The frame of `[kind, value, total, offset, bytes]` up to the bytes, of which `length` are to follow: pieces are most of
 * what a pipe carries, and are written from where they lie.
 */
export function pieceStart(
  key: number,
  head: readonly [kind: number, value: number, total: number, offset: number],
  length: number,
): Uint8Array<ArrayBuffer> {
  const fields = encodeFrame(head);
  const start = new Uint8Array(HEAD_BYTES + fields.length + BINARY_HEAD_BYTES);
  writeHead(start, key, start.length - HEAD_BYTES + length);
  start.set(fields, HEAD_BYTES);
  // One element more than the fields: the bytes.
  start[HEAD_BYTES] = ARRAY_OF_FIVE;
  const view = new DataView(start.buffer, start.length - BINARY_HEAD_BYTES);
  view.setUint8(0, BINARY_32);
  view.setUint32(1, length);
  return start;
}

function writeHead(frame: Uint8Array, key: number, length: number): void {
  frame[0] = key >>> 24;
  frame[1] = key >>> 16;
  frame[2] = key >>> 8;
  frame[3] = key;
  frame[4] = length >>> 24;
  frame[5] = length >>> 16;
  frame[6] = length >>> 8;
  frame[7] = length;
}

function readNumber(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) * 0x1000000) +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}

/** What a piece says before its bytes, and how far these are. */
interface PieceHead {
  readonly headBytes: number;
  readonly value: number;
  readonly total: number;
  offset: number;
  missing: number;
}

const NO_PARTS = () => {};

/** The head of a piece, where the body of a frame begins with one and all of the head is there; else `null`. */
function pieceHead(bytes: Uint8Array, at: number, bodyLength: number, kind: number): PieceHead | null {
  if (bytes[at] !== ARRAY_OF_FIVE || bytes[at + 1] !== kind) return null;
  let next = at + 2;
  const numbers: number[] = [];
  while (numbers.length < 3) {
    const length = numberBytes(bytes[next] ?? 0);
    if (length === null || next + length > bytes.length) return null;
    numbers.push(length === 1 ? bytes[next] ?? 0 : bigEndian(bytes, next + 1, next + length));
    next += length;
  }
  if (next + BINARY_HEAD_BYTES > bytes.length || bytes[next] !== BINARY_32) return null;
  const missing = readNumber(bytes, next + 1);
  const headBytes = next + BINARY_HEAD_BYTES - at;
  const [value = 0, total = 0, offset = 0] = numbers;
  return headBytes + missing === bodyLength ? { headBytes, value, total, offset, missing } : null;
}

/** How long a count is that begins so; `null`: it is none. */
function numberBytes(first: number): number | null {
  if (first < 0x80) return 1;
  return first >= 0xcc && first <= 0xcf ? 1 + (1 << (first - 0xcc)) : null;
}

function bigEndian(bytes: Uint8Array, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) number = number * 256 + (bytes[at] ?? 0);
  return number;
}

/** Takes the bytes of pieces as they come: `offset` is where in its value a part belongs. */
export type ReceivePart = (value: number, total: number, offset: number, part: Uint8Array) => void;

/** Takes messages out of a stream. Bytes in a message are views into a buffer that is never written again. */
export class PipeParser {
  readonly #key: number;
  readonly #pieceKind: number | null;
  readonly #slab = new ByteSlab();
  /** The piece whose bytes are coming. */
  #piece: PieceHead | null = null;
  /** What came of a frame that is not complete yet, and how much of `#partial` it fills. */
  #partial: Uint8Array = new Uint8Array(0);
  #filled = 0;

  /** `pieceKind`: messages that begin with it, and that `pieceFrame` made, go to `receivePart` and not to `receive`. */
  constructor(key: number, pieceKind: number | null = null) {
    this.#key = key >>> 0;
    this.#pieceKind = pieceKind;
  }

  /**
   * Calls `receive` for each message that `chunk` completes. What is needed of the chunk is copied; the parts of pieces
   * are views of it, or of memory that is written no more. Throws `PipeViolation`.
   */
  feed(chunk: Uint8Array, receive: (message: readonly unknown[]) => void, receivePart: ReceivePart = NO_PARTS): void {
    let at = 0;
    /** The rest of the chunk, once a frame is found to be in it as a whole; what long frames are cut into is copied once. */
    let own: Uint8Array | null = null;
    while (at < chunk.length) {
      if (this.#piece !== null) {
        at += this.#passOn(this.#piece, chunk, at, receivePart);
        continue;
      }
      if (this.#filled > 0) {
        at += this.#complete(chunk, at, receive);
        continue;
      }
      const available = chunk.length - at;
      const needed = available < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + this.#bodyLength(chunk, at);
      if (available < needed) {
        const piece = this.#pieceKind === null || available < HEAD_BYTES
          ? null
          : pieceHead(chunk, at + HEAD_BYTES, needed - HEAD_BYTES, this.#pieceKind);
        if (piece !== null) {
          at += HEAD_BYTES + piece.headBytes;
          if (piece.missing > 0) this.#piece = piece;
          continue;
        }
        this.#checkStart(chunk, at);
        this.#partial = new Uint8Array(needed);
        this.#partial.set(chunk.subarray(at));
        this.#filled = available;
        return;
      }
      own ??= this.#slab.copy(chunk.subarray(at));
      const start = own.length - available;
      const body = own.subarray(start + HEAD_BYTES, start + needed);
      at += needed;
      receive(this.#decode(body));
    }
  }

  /** Hands on what the chunk has of a piece; returns how many bytes that are. */
  #passOn(piece: PieceHead, chunk: Uint8Array, at: number, receivePart: ReceivePart): number {
    const part = chunk.subarray(at, at + piece.missing);
    const { value, total, offset } = piece;
    piece.offset += part.length;
    piece.missing -= part.length;
    if (piece.missing === 0) this.#piece = null;
    receivePart(value, total, offset, part);
    return part.length;
  }

  /** Adds to the incomplete frame; returns how many bytes of the chunk that took. */
  #complete(chunk: Uint8Array, at: number, receive: (message: readonly unknown[]) => void): number {
    const taken = Math.min(chunk.length - at, this.#partial.length - this.#filled);
    this.#partial.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    this.#checkStart(this.#partial, 0, this.#filled);
    if (this.#filled < this.#partial.length) return taken;
    const needed = HEAD_BYTES + this.#bodyLength(this.#partial, 0);
    if (needed > this.#partial.length) {
      const longer = new Uint8Array(needed);
      longer.set(this.#partial);
      this.#partial = longer;
      return taken;
    }
    const body = this.#partial.subarray(HEAD_BYTES);
    this.#filled = 0;
    receive(this.#decode(body));
    return taken;
  }

  #bodyLength(bytes: Uint8Array, at: number): number {
    if (readNumber(bytes, at) !== this.#key) this.#refuse(bytes, at);
    const length = readNumber(bytes, at + 4);
    if (length > MAX_FRAME_BYTES) this.#refuse(bytes, at);
    return length;
  }

  /** The few bytes of a head that is not complete are looked at too: a short foreign text must not hide until more comes. */
  #checkStart(bytes: Uint8Array, at: number, end: number = bytes.length): void {
    for (let index = 0; index < 4 && at + index < end; index++) {
      if (bytes[at + index] !== ((this.#key >>> (24 - 8 * index)) & 0xff)) this.#refuse(bytes, at);
    }
  }

  #decode(body: Uint8Array): readonly unknown[] {
    let message: unknown;
    try {
      message = decodeFrame(body);
    } catch (cause) {
      throw new PipeViolation("A frame on the pipe can't be decoded", { cause });
    }
    if (!Array.isArray(message)) throw new PipeViolation("A frame on the pipe holds no message");
    return message;
  }

  #refuse(bytes: Uint8Array, at: number): never {
    const start = new TextDecoder().decode(bytes.subarray(at, at + 40));
    throw new PipeViolation(`Found ${JSON.stringify(start)} on the pipe instead of a frame`);
  }
}
