/**
 * Journal entries as rows: many small ones share a row, since a row costs far more than its bytes.
 *
 * Each entry has a checksum of its own, which its number is part of, so that a damaged one is known and takes none of
 * its neighbours with it. Pure. Used by `database.ts` and by the salvage.
 * @module
 */
import { crc32 } from "node:zlib";

/** What fits a page of the database beside its headers. */
const ROW_BYTES = 3_900;
const HEAD_BYTES = 8;

/** A row: `count` entries, of which the first has the number `sequence`. */
export interface EntryRow {
  readonly sequence: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** An entry that was read, or how many in a row could not be. */
export type ReadEntry =
  | { readonly sequence: number; readonly bytes: Uint8Array }
  | { readonly sequence: number; readonly damaged: number };

/** Packs entries, numbered from `sequence` on, into rows. */
export function* packEntries(sequence: number, lengths: Uint32Array, bytes: Uint8Array): Iterable<EntryRow> {
  let [first, offset] = [0, 0];
  while (first < lengths.length) {
    let [end, size, rowBytes] = [first, 0, 0];
    for (; end < lengths.length; end++) {
      const length = lengths[end] ?? 0;
      if (end > first && rowBytes + HEAD_BYTES + length > ROW_BYTES) break;
      rowBytes += HEAD_BYTES + length;
      size += length;
    }
    const body = bytes.subarray(offset, offset + size);
    yield {
      sequence: sequence + first,
      count: end - first,
      bytes: packRow(sequence + first, lengths.subarray(first, end), body, rowBytes),
    };
    offset += size;
    first = end;
  }
}

function packRow(sequence: number, lengths: Uint32Array, body: Uint8Array, size: number): Uint8Array {
  const row = new Uint8Array(size);
  const view = new DataView(row.buffer);
  let [at, from] = [0, 0];
  lengths.forEach((length, index) => {
    const entry = body.subarray(from, from + length);
    view.setUint32(at, length, true);
    view.setUint32(at + 4, checksum(sequence + index, entry), true);
    row.set(entry, at + HEAD_BYTES);
    at += HEAD_BYTES + length;
    from += length;
  });
  return row;
}

/**
 * The entries of a row in order, as views; damaged ones are counted, and all others are found. What the row says of their
 * number is believed only as far as its size allows.
 */
export function* unpackEntries({ sequence, count, bytes }: EntryRow): Iterable<ReadEntry> {
  const most = Math.min(count, bytes.length > ROW_BYTES ? 1 : Math.floor(bytes.length / HEAD_BYTES));
  let [index, at] = [0, 0];
  while (at < bytes.length) {
    const found = entryAt(bytes, at, sequence + index) ?? nextGood(bytes, at, sequence + index);
    if (found === null) break;
    if (found.skipped > 0) yield { sequence: sequence + index, damaged: found.skipped };
    index += found.skipped;
    yield { sequence: sequence + index, bytes: found.bytes };
    index++;
    at = found.end;
  }
  if (index < most || at < bytes.length) {
    yield { sequence: sequence + index, damaged: Math.max(1, most - index) };
  }
}

interface FoundEntry {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly skipped: number;
}

function entryAt(row: Uint8Array, at: number, sequence: number): FoundEntry | null {
  if (at + HEAD_BYTES > row.length) return null;
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const end = at + HEAD_BYTES + view.getUint32(at, true);
  if (end > row.length) return null;
  const bytes = row.subarray(at + HEAD_BYTES, end);
  return view.getUint32(at + 4, true) === checksum(sequence, bytes) ? { bytes, end, skipped: 0 } : null;
}

/** Looks for the next whole entry after a damaged one, whose own length may be what is damaged. */
function nextGood(row: Uint8Array, from: number, sequence: number): FoundEntry | null {
  // One that has a row to itself has no neighbours.
  if (row.length > ROW_BYTES) return null;
  for (let at = from + HEAD_BYTES; at + HEAD_BYTES <= row.length; at++) {
    const between = Math.floor((at - from) / HEAD_BYTES);
    for (let skipped = 1; skipped <= between; skipped++) {
      const found = entryAt(row, at, sequence + skipped);
      if (found !== null) return { ...found, skipped };
    }
  }
  return null;
}

/** The checksum of bytes that belong in the place `sequence`. */
export function checksum(sequence: number, bytes: Uint8Array): number {
  // Mixed, since the checksum of no bytes is the seed, and small numbers are found in any data.
  return crc32(bytes, (Math.imul(sequence >>> 0, 0x9e37_79b1) ^ Math.floor(sequence / 2 ** 32)) >>> 0);
}
