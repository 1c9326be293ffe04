/**
 * Rows out of the pages of a SQLite file, without SQLite: for a file that it refuses to read.
 *
 * Takes any page for a leaf of a table if it looks like one; the checksums in the rows say what is true. Pure. Used by
 * `salvage.ts`; the format is that of https://www.sqlite.org/fileformat2.html.
 * @module
 */
import { joinBytes } from "../../wire/join_bytes.ts";

const LEAF = 0x0d;
const FILE_HEADER_BYTES = 100;

/** A value in a row. */
export type RowValue = null | number | string | Uint8Array;

/** A row with its number. */
export interface PageRow {
  readonly rowId: number;
  readonly values: readonly RowValue[];
}

/** Gives a page by its number, counted from 1. */
export type Pages = (page: number) => Uint8Array | undefined;

/** All rows of one page; none if it is no leaf of a table. */
export function* rowsOfPage(number: number, pages: Pages): Iterable<PageRow> {
  const page = pages(number);
  const start = number === 1 ? FILE_HEADER_BYTES : 0;
  if (page?.[start] !== LEAF) return;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const cells = Math.min(view.getUint16(start + 3), Math.floor((page.length - start - 8) / 2));
  for (let cell = 0; cell < cells; cell++) {
    const row = rowAt(page, view.getUint16(start + 8 + cell * 2), pages);
    if (row !== null) yield row;
  }
}

function rowAt(page: Uint8Array, at: number, pages: Pages): PageRow | null {
  try {
    const cell = new ByteReader(page, at);
    const size = cell.varint();
    const rowId = cell.varint();
    const payload = payloadAt(page, cell.at, size, pages);
    return payload === null ? null : { rowId, values: valuesOf(payload) };
  } catch (error) {
    // It points outside of the page: damaged.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The bytes of a row, of which only the first lie in the page where they are many. */
function payloadAt(page: Uint8Array, at: number, size: number, pages: Pages): Uint8Array | null {
  const most = page.length - 35;
  if (size <= most) return at + size <= page.length ? page.subarray(at, at + size) : null;
  const least = Math.floor((page.length - 12) * 32 / 255) - 23;
  const fitting = least + (size - least) % (page.length - 4);
  const local = fitting <= most ? fitting : least;
  // No more than the file can hold: a damaged length must not cost all memory.
  const parts = [page.subarray(at, at + local)];
  let [left, next] = [size - local, new ByteReader(page, at + local).uint32()];
  while (left > 0) {
    const more = pages(next);
    if (more === undefined) return null;
    const part = more.subarray(4, Math.min(more.length, 4 + left));
    parts.push(part);
    left -= part.length;
    next = new ByteReader(more, 0).uint32();
    if (parts.length > MAX_PARTS) return null;
  }
  return joinBytes(parts);
}

const MAX_PARTS = 300_000;

function valuesOf(payload: Uint8Array): RowValue[] {
  const head = new ByteReader(payload, 0);
  const end = head.varint();
  const body = new ByteReader(payload, end);
  const values: RowValue[] = [];
  while (head.at < end) values.push(body.value(head.varint()));
  return values;
}

/** Reads numbers and values; `RangeError` beyond the end. */
class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  uint32(): number {
    return this.#view.getUint32(this.at);
  }

  varint(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.#view.getUint8(this.at++);
      if (i === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }

  value(type: number): RowValue {
    if (type === 0) return null;
    if (type === 8 || type === 9) return type - 8;
    if (type === 7) return this.#view.getFloat64(this.#take(8));
    if (type <= 6) return this.#integer([0, 1, 2, 3, 4, 6, 8][type] ?? 0);
    if (type < 12) throw new RangeError("no such type of value");
    const size = Math.floor((type - 12) / 2);
    const from = this.#take(size);
    const bytes = this.#bytes.slice(from, from + size);
    return type % 2 === 0 ? bytes : new TextDecoder().decode(bytes);
  }

  #integer(size: number): number {
    const from = this.#take(size);
    let value = this.#view.getInt8(from);
    for (let i = 1; i < size; i++) value = value * 256 + this.#view.getUint8(from + i);
    return value;
  }

  #take(size: number): number {
    const from = this.at;
    if (from + size > this.#bytes.length) throw new RangeError("beyond the end");
    this.at += size;
    return from;
  }
}
