/**
 * Looks over MessagePack bytes before they are decoded, so that no sender can make the receiver fall.
 *
 * The decoder believes what a header says: five bytes can make it reserve an array of a hundred million elements. This
 * pass builds nothing; it checks that every declared length is covered by bytes that are there, and how deep it goes.
 * Called by the two codecs, on everything that arrives.
 * @module
 */
import { SerializationError } from "./errors.ts";

/** Among the elements there is plain binary, which the decoder returns as a view of the input. */
export const HAS_BINARY = 1;
/** Among the elements there is an extension without content: a mark. */
export const HAS_MARK = 2;

/** Bytes of the length field behind the heads 0xc4–0xc9 (bin and ext of 8, 16, 32 bits). */
const LENGTH_BYTES = [1, 2, 4] as const;

/**
 * Checks that the bytes hold exactly one value, nested at most `maxDepth` containers deep.
 * Returns `HAS_…` bits; throws `SerializationError` with the place.
 */
export function scanMessage(bytes: Uint8Array, maxDepth: number): number {
  const end = bytes.length;
  const open: number[] = [];
  let position = 0;
  /** Values declared and not seen yet, over all open containers; each takes one byte at least. */
  let owed = 1;
  let found = 0;
  while (owed > 0) {
    if (position >= end) throw malformed(position, "the bytes end in the middle of a value");
    const head = bytes[position++] as number;
    owed--;
    let children = 0;
    if (head < 0x80 || head >= 0xe0) {
      // A small integer: nothing follows.
    } else if (head < 0x90) {
      children = (head & 0x0f) * 2;
    } else if (head < 0xa0) {
      children = head & 0x0f;
    } else if (head < 0xc0) {
      position += head & 0x1f;
    } else if (head < 0xc4) {
      if (head === 0xc1) throw malformed(position - 1, "0xc1 is not the start of any value");
    } else if (head < 0xca) {
      const isExtension = head >= 0xc7;
      const lengthBytes = LENGTH_BYTES[(head - 0xc4) % 3] as number;
      const length = readLength(bytes, position, lengthBytes);
      found |= isExtension ? (length === 0 ? HAS_MARK : 0) : HAS_BINARY;
      position += lengthBytes + length + (isExtension ? 1 : 0);
    } else if (head < 0xd4) {
      position += fixedSize(head);
    } else if (head < 0xd9) {
      position += 1 + (1 << (head - 0xd4));
    } else if (head < 0xdc) {
      const lengthBytes = LENGTH_BYTES[head - 0xd9] as number;
      position += lengthBytes + readLength(bytes, position, lengthBytes);
    } else {
      const lengthBytes = head & 1 ? 4 : 2;
      children = readLength(bytes, position, lengthBytes) * (head >= 0xde ? 2 : 1);
      position += lengthBytes;
    }
    if (position > end) throw malformed(position, "the bytes end in the middle of a value");
    if (children > 0) {
      owed += children;
      if (owed > end - position) throw malformed(position, `${owed} more values are declared than can follow`);
      open.push(children);
      if (open.length > maxDepth) throw malformed(position, `it is nested deeper than ${maxDepth} levels`);
    } else {
      close(open);
    }
  }
  if (position !== end) throw malformed(position, `${end - position} bytes follow the value`);
  return found;
}

/** One value is complete: so may be the containers around it. */
function close(open: number[]): void {
  for (let level = open.length - 1; level >= 0; level--) {
    const left = (open[level] as number) - 1;
    if (left > 0) {
      open[level] = left;
      return;
    }
    open.pop();
  }
}

/** Bytes behind the heads 0xca–0xd3: two floats, four unsigned and four signed integers. */
function fixedSize(head: number): number {
  if (head < 0xcc) return head === 0xca ? 4 : 8;
  return 1 << (head & 3);
}

function readLength(bytes: Uint8Array, position: number, lengthBytes: number): number {
  if (position + lengthBytes > bytes.length) throw malformed(position, "the bytes end in the middle of a length");
  let length = 0;
  for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[position + index] as number);
  return length;
}

function malformed(position: number, what: string): SerializationError {
  return new SerializationError(`Cannot decode the bytes: ${what} (at byte ${position}).`);
}
