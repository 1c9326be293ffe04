/**
 * The bytes of one message in a log: several entries, or a part of one that is too big.
 *
 * Each says how many bytes of entries there are in the log up to it, so that nobody has to read it all to know. Pure.
 * @module
 */

const HEAD_BYTES = 9;
const KINDS = ["entries", "part", "last-part"] as const;

/** What a message holds. */
export type LogMessage =
  | { readonly kind: "entries"; readonly total: number; readonly entries: readonly Uint8Array[] }
  /** `last-part` ends the entry. */
  | { readonly kind: "part" | "last-part"; readonly total: number; readonly bytes: Uint8Array };

/** What a message with `count` entries of `size` bytes takes. */
export function packedSize(count: number, size: number): number {
  return HEAD_BYTES + 4 + 4 * count + size;
}

/** Entries that stand one after the other in `bytes`. */
export function packEntries(total: number, lengths: Uint32Array, bytes: Uint8Array): Uint8Array {
  const message = head("entries", total, packedSize(lengths.length, bytes.length));
  const view = new DataView(message.buffer);
  view.setUint32(HEAD_BYTES, lengths.length, true);
  lengths.forEach((length, index) => view.setUint32(HEAD_BYTES + 4 + 4 * index, length, true));
  message.set(bytes, HEAD_BYTES + 4 + 4 * lengths.length);
  return message;
}

/** The parts of an entry that is too big for one message of `size` bytes. */
export function* packParts(total: number, entry: Uint8Array, size: number): Iterable<Uint8Array> {
  const room = size - HEAD_BYTES;
  for (let at = 0;; at += room) {
    const isLast = at + room >= entry.length;
    const part = entry.subarray(at, at + room);
    const message = head(isLast ? "last-part" : "part", total, HEAD_BYTES + part.length);
    message.set(part, HEAD_BYTES);
    yield message;
    if (isLast) return;
  }
}

/** A message that only says how much there is. */
export function packTotal(total: number): Uint8Array {
  return packEntries(total, new Uint32Array(0), new Uint8Array(0));
}

function head(kind: LogMessage["kind"], total: number, size: number): Uint8Array {
  const message = new Uint8Array(size);
  message[0] = KINDS.indexOf(kind);
  new DataView(message.buffer).setFloat64(1, total, true);
  return message;
}

/** `null`: it is none. */
export function unpackMessage(bytes: Uint8Array): LogMessage | null {
  const kind = KINDS[bytes[0] ?? KINDS.length];
  if (kind === undefined || bytes.length < HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const total = view.getFloat64(1, true);
  if (kind !== "entries") return { kind, total, bytes: bytes.subarray(HEAD_BYTES) };
  if (bytes.length < HEAD_BYTES + 4) return null;
  const count = view.getUint32(HEAD_BYTES, true);
  let at = HEAD_BYTES + 4 + 4 * count;
  if (at > bytes.length) return null;
  const entries: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const end = at + view.getUint32(HEAD_BYTES + 4 + 4 * i, true);
    if (end > bytes.length) return null;
    entries.push(bytes.subarray(at, end));
    at = end;
  }
  return { kind, total, entries };
}
