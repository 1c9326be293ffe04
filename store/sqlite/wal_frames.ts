/**
 * SQLite's write-ahead log, read without SQLite: which of its frames are whole.
 *
 * SQLite itself stops at the first frame that is damaged and forgets all after it. The checksum of each frame starts from
 * the one before, as stored there, so what comes after a damaged frame can be verified all the same. Pure. Used by
 * `salvage.ts`; the format is that of https://www.sqlite.org/fileformat2.html#walformat.
 * @module
 */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f_0682;

/** A page as one transaction left it. */
export interface WalFrame {
  readonly page: number;
  readonly bytes: Uint8Array;
}

/** What a log holds. */
export interface WalFrames {
  /** The whole frames up to the last one that ends a transaction, in order. */
  readonly frames: readonly WalFrame[];
  /** Frames before that end (its header is counted too) that are not whole: SQLite would stop at the first. */
  readonly damaged: number;
  /** Bytes after that end that belong to a transaction which was never finished. */
  readonly unfinishedBytes: number;
}

interface SeenFrame extends WalFrame {
  readonly isCommit: boolean;
  readonly isWhole: boolean;
}

/** Reads the bytes of a `-wal` file. */
export function readWal(wal: Uint8Array, pageBytes: number): WalFrames {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  if (wal.length < HEADER_BYTES + frameBytes) return { frames: [], damaged: 0, unfinishedBytes: 0 };
  const header = wholeHeader(view);
  const seen = [...eachFrame(wal, view, pageBytes, header)];
  const end = seen.findLastIndex(({ isCommit, isWhole }) => isCommit && isWhole) + 1;
  const counted = seen.slice(0, end);
  const frames = counted.filter(({ isWhole }) => isWhole);
  // Without its header SQLite takes the log for none at all.
  const damaged = counted.length - frames.length + (header === null && end > 0 ? 1 : 0);
  return { frames, damaged, unfinishedBytes: (seen.length - end) * frameBytes };
}

/** The checksum of the header, which the first frame goes on from; `null` if it is damaged. */
function wholeHeader(view: DataView): Sums | null {
  const sums = checksum(view, 0, HEADER_BYTES - 8, 0, 0);
  const isWhole = view.getUint32(0) === MAGIC && view.getUint32(24) === sums[0] && view.getUint32(28) === sums[1];
  return isWhole ? sums : null;
}

/** The frames of the present round of the log: after them lie older ones, with another salt. */
function* eachFrame(wal: Uint8Array, view: DataView, pageBytes: number, header: Sums | null): Iterable<SeenFrame> {
  // Where the header is damaged, the first frame must say which round it is.
  const saltAt = header === null ? HEADER_BYTES + 8 : 16;
  const salts = [view.getUint32(saltAt), view.getUint32(saltAt + 4)];
  let before = header;
  let strangers = 0;
  for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES + pageBytes <= wal.length; at += FRAME_HEADER_BYTES + pageBytes) {
    const data = at + FRAME_HEADER_BYTES;
    if (view.getUint32(at + 8) !== salts[0] || view.getUint32(at + 12) !== salts[1]) {
      // One may be a damaged header of a frame; two in a row are the end.
      if (++strangers > 1) return;
    } else strangers = 0;
    const stored: Sums = [view.getUint32(at + 16), view.getUint32(at + 20)];
    const found = before === null ? stored : checksum(view, data, pageBytes, ...checksum(view, at, 8, ...before));
    yield {
      page: view.getUint32(at),
      bytes: wal.subarray(data, data + pageBytes),
      isCommit: view.getUint32(at + 4) !== 0,
      isWhole: strangers === 0 && found[0] === stored[0] && found[1] === stored[1],
    };
    before = stored;
  }
}

type Sums = readonly [number, number];

/** SQLite's own, over little-endian words. */
function checksum(view: DataView, at: number, size: number, s0: number, s1: number): Sums {
  for (let i = at; i < at + size; i += 8) {
    s0 = (s0 + view.getUint32(i, true) + s1) >>> 0;
    s1 = (s1 + view.getUint32(i + 4, true) + s0) >>> 0;
  }
  return [s0, s1];
}
