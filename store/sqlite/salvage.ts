/**
 * What can still be read of a damaged store: rows that their checksums prove, from any page of the file or of its log.
 *
 * Pure: takes bytes, gives rows. Used by `mended_database.ts` when SQLite refuses the file, or would forget a part of it.
 * @module
 */
import { contentHash, isContentHash } from "../../wire/content_hash.ts";
import { unpackEntries } from "./entry_rows.ts";
import { type PageRow, rowsOfPage, type RowValue } from "./page_rows.ts";
import { recordChecksum } from "./record_table.ts";
import { pieceChecksum } from "./snapshot_table.ts";
import { readWal } from "./wal_frames.ts";

/** The size of a page in all stores. */
export const PAGE_BYTES = 4_096;

type Values = readonly RowValue[];

/** Rows by table, as they are to be inserted. */
export interface SavedRows {
  readonly meta: ReadonlyMap<string, string>;
  readonly entries: ReadonlyMap<number, Values>;
  readonly pieces: ReadonlyMap<number, Values>;
  readonly records: ReadonlyMap<string, Values>;
  readonly blobs: ReadonlyMap<string, Values>;
  /** How many there are. */
  readonly count: number;
  /** The schema that the head of the file names; 0 where that can't be read. */
  readonly schema: number;
}

/** Looks through all pages of a file and its log. */
export function salvage(file: Uint8Array, wal: Uint8Array): SavedRows {
  const newer = new Map(readWal(wal, PAGE_BYTES).frames.map(({ page, bytes }) => [page, bytes]));
  const count = Math.max(Math.ceil(file.length / PAGE_BYTES), ...newer.keys());
  const pages = (page: number) => newer.get(page) ?? pageOf(file, page);
  const saved = new Rows();
  const free = freePages(pages, count);
  for (let page = 1; page <= count; page++) {
    if (free.has(page)) continue;
    for (const row of rowsOfPage(page, pages)) saved.take(row);
  }
  const first = pages(1);
  return {
    ...saved,
    count: saved.entries.size + saved.pieces.size + saved.records.size + saved.blobs.size,
    schema: first !== undefined && hasMagic(first) ? uint32(first, 60) : 0,
  };
}

function hasMagic(page: Uint8Array): boolean {
  return new TextDecoder().decode(page.subarray(0, 16)) === "SQLite format 3\0";
}

/** A page that the end of the file cuts is filled up with zeros. */
function pageOf(file: Uint8Array, page: number): Uint8Array | undefined {
  const part = file.subarray((page - 1) * PAGE_BYTES, page * PAGE_BYTES);
  if (part.length === PAGE_BYTES || part.length === 0) return part.length === 0 ? undefined : part;
  const whole = new Uint8Array(PAGE_BYTES);
  whole.set(part);
  return whole;
}

/** Pages that are in no table hold rows that were deleted. */
function freePages(pages: (page: number) => Uint8Array | undefined, count: number): Set<number> {
  const free = new Set<number>();
  const first = pages(1);
  let trunk = first === undefined ? 0 : uint32(first, 32);
  while (trunk > 0 && trunk <= count && !free.has(trunk)) {
    free.add(trunk);
    const page = pages(trunk);
    if (page === undefined) break;
    const leaves = Math.min(uint32(page, 4), PAGE_BYTES / 4 - 2);
    for (let i = 0; i < leaves; i++) free.add(uint32(page, 8 + 4 * i));
    trunk = uint32(page, 0);
  }
  return free;
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

/** Sorts rows into tables by their form, and keeps those that are proved. */
class Rows {
  readonly meta = new Map<string, string>();
  readonly entries = new Map<number, Values>();
  readonly pieces = new Map<number, Values>();
  readonly records = new Map<string, Values>();
  readonly blobs = new Map<string, Values>();

  take({ rowId, values }: PageRow): void {
    const [first, second, third, fourth] = values;
    const bytes = values.at(-1);
    if (values.length === 2 && first === "cluster" && typeof second === "string") this.meta.set(first, second);
    if (first !== null || !(bytes instanceof Uint8Array)) return;
    if (values.length === 3 && typeof second === "number") this.#takeEntries(rowId, second, bytes);
    if (values.length === 3 && isContentHash(second) && contentHash(bytes) === second) {
      this.blobs.set(second, [rowId, second, bytes]);
    }
    if (values.length === 4 && typeof second === "string" && third === recordChecksum(second, bytes)) {
      this.records.set(second, [rowId, second, third, bytes]);
    }
    if (values.length === 6 && typeof second === "number" && typeof third === "number" && typeof fourth === "number") {
      const head = { sequence: rowId, snapshot: second, nextEntry: third, isEnd: fourth };
      if (values[4] === pieceChecksum(head, bytes)) {
        this.pieces.set(rowId, [rowId, second, third, fourth, values[4] ?? null, bytes]);
      }
    }
  }

  #takeEntries(rowId: number, count: number, bytes: Uint8Array): void {
    for (const entry of unpackEntries({ sequence: rowId, count, bytes })) {
      if ("bytes" in entry) {
        this.entries.set(rowId, [rowId, count, bytes]);
        return;
      }
    }
  }
}
