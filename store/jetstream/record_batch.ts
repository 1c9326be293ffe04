/**
 * A batch of changes to rows as one entry of a log. Pure.
 *
 * Each row carries its place in the order of first putting, which it keeps when it is written again.
 * @module
 */

/** A row that is put, or deleted where `bytes` is `null`. */
export interface BatchRow {
  readonly id: string;
  readonly ordinal: number;
  readonly bytes: Uint8Array | null;
}

const HEAD_BYTES = 16;
const DELETED = 0xffff_ffff;

/** The bytes of a batch. */
export function packBatch(rows: readonly BatchRow[]): Uint8Array {
  const ids = rows.map(({ id }) => new TextEncoder().encode(id));
  const size = rows.reduce((sum, { bytes }, i) => sum + HEAD_BYTES + (ids[i]?.length ?? 0) + (bytes?.length ?? 0), 0);
  const batch = new Uint8Array(size);
  const view = new DataView(batch.buffer);
  let at = 0;
  rows.forEach(({ ordinal, bytes }, index) => {
    const id = ids[index] ?? new Uint8Array(0);
    view.setFloat64(at, ordinal, true);
    view.setUint32(at + 8, id.length, true);
    view.setUint32(at + 12, bytes === null ? DELETED : bytes.length, true);
    at += HEAD_BYTES;
    batch.set(id, at);
    at += id.length;
    if (bytes !== null) batch.set(bytes, at);
    at += bytes?.length ?? 0;
  });
  return batch;
}

/** The rows of a batch; `null` if it is none. */
export function unpackBatch(batch: Uint8Array): BatchRow[] | null {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const rows: BatchRow[] = [];
  let at = 0;
  while (at < batch.length) {
    if (at + HEAD_BYTES > batch.length) return null;
    const idEnd = at + HEAD_BYTES + view.getUint32(at + 8, true);
    const size = view.getUint32(at + 12, true);
    const end = idEnd + (size === DELETED ? 0 : size);
    if (end > batch.length) return null;
    rows.push({
      id: new TextDecoder().decode(batch.subarray(at + HEAD_BYTES, idEnd)),
      ordinal: view.getFloat64(at, true),
      bytes: size === DELETED ? null : batch.slice(idEnd, end),
    });
    at = end;
  }
  return rows;
}
