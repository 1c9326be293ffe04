/**
 * Sequences cut into parts for a parallel function, and what comes back put together.
 *
 * Pure. Parts of typed arrays are typed arrays, all others are arrays. Used by the views and `direct_submission.ts`.
 * @module
 */
import { isSequence, joinParts, type Shape } from "./partition.ts";
import type { Rows } from "./submission.ts";
import { zipRows } from "./zip_rows.ts";

/** What the results of parts are put together to: arrays and typed arrays to one, others to a list. */
export type Joined<R> = R extends readonly (infer E)[] ? E[] : R extends ArrayBufferView ? R : R[];

/** Sequences that are cut at the same places. */
export interface CutSequences {
  /** That of the shortest one. */
  readonly length: number;
  /** The parts of all of them between two places. */
  slice(from: number, to: number): unknown[];
}

/** Throws `TypeError` for what is no sequence, and where there is none. */
export function cutSequences(sequences: readonly unknown[]): CutSequences {
  if (sequences.length === 0) {
    throw new TypeError("Cannot call a parallel function with nothing: give it at least one sequence.");
  }
  const columns = sequences.every(isSequence) ? sequences : columnsOf(sequences);
  return {
    length: columns.reduce((least, { length }) => Math.min(least, length), Infinity),
    slice: (from, to) => columns.map((column) => column.slice(from, to)),
  };
}

/** Rows of parts, `sizeOf(items)` long, the last one shorter. Stops at the shortest sequence. Throws `TypeError`. */
export function partRows(sequences: readonly unknown[], sizeOf: (items: number) => number): Rows {
  const cut = cutSequences(sequences);
  const size = Math.max(1, sizeOf(cut.length));
  return {
    length: Math.ceil(cut.length / size),
    row: (index) => cut.slice(index * size, Math.min(cut.length, (index + 1) * size)),
    primitiveFrom: () => false,
  };
}

/** The results of a parallel function. */
export const PARTS_JOINED: Shape = { join: (parts) => joinParts(parts, "block"), inOrder: true };

function columnsOf(sequences: readonly unknown[]): readonly unknown[][] {
  const rows = zipRows(sequences);
  return sequences.map((_sequence, column) =>
    Array.from({ length: rows.length }, (_, index) => rows.row(index)[column])
  );
}
