/**
 * Zips the sequences of a map into rows of arguments; it stops at the shortest.
 *
 * Columns are copied, so that what the caller does to his arrays afterwards changes nothing. Called by the views.
 * @module
 */
import { AsyncResult } from "./async_result.ts";
import type { Rows } from "./submission.ts";

/** Takes any iterables; one that is endless must have a shorter one beside it. Throws `TypeError` for what is none. */
export function zipRows(sequences: readonly unknown[]): Rows {
  if (sequences.length === 0) {
    throw new TypeError("Cannot map over nothing: give at least one sequence after the function.");
  }
  const columns = sequences.every((sequence) => Array.isArray(sequence))
    ? sequences.map((sequence) => Array.from(sequence))
    : pullColumns(sequences.map(checkIterable));
  return new ColumnRows(columns);
}

/** The error for an argument that is no sequence. */
export function notIterable(value: unknown, index: number): TypeError {
  const shown = typeof value === "object" ? Object.prototype.toString.call(value) : String(value);
  return new TypeError(`Cannot map over ${shown} (sequence ${index + 1}): ${whyNotIterable(value)}.`);
}

function whyNotIterable(value: unknown): string {
  if (value instanceof AsyncResult) return "it is a result that may not be there yet; await it first";
  const isObject = typeof value === "object" && value !== null;
  if (isObject && Symbol.asyncIterator in value) {
    return "it is an async iterable; use imap, which takes these, or await Array.fromAsync(…) first";
  }
  if (typeof value === "function") return "it is a function; give the function first, and then what to map it over";
  if (isObject) return "it is not iterable; give an array, such as Object.entries(…) or Object.values(…) of it";
  return "it is not iterable; give an array, say";
}

class ColumnRows implements Rows {
  readonly length: number;
  readonly #columns: readonly (readonly unknown[])[];

  constructor(columns: readonly (readonly unknown[])[]) {
    this.#columns = columns;
    this.length = columns.reduce((least, column) => Math.min(least, column.length), Infinity);
  }

  row(index: number): readonly unknown[] {
    return this.#columns.length === 1 ? [this.#columns[0]?.[index]] : this.#columns.map((column) => column[index]);
  }

  primitiveFrom(index: number): boolean {
    for (const column of this.#columns) {
      for (let row = index; row < this.length; row++) if (isChangeable(column[row])) return false;
    }
    return true;
  }
}

function isChangeable(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function checkIterable(value: unknown, index: number): Iterable<unknown> {
  const iterable = typeof value === "string" ||
    (typeof value === "object" && value !== null && Symbol.iterator in value);
  if (!iterable) throw notIterable(value, index);
  return value as Iterable<unknown>;
}

/** In step, so that the shortest bounds what is taken from all; all that did not end are closed, also where one throws. */
function pullColumns(sequences: readonly Iterable<unknown>[]): unknown[][] {
  const open = new Set<Iterator<unknown>>();
  try {
    // One that is given twice is taken from in turn.
    const iterators = sequences.map((sequence) => {
      const iterator = sequence[Symbol.iterator]();
      open.add(iterator);
      return iterator;
    });
    const columns: unknown[][] = iterators.map(() => []);
    while (true) {
      const row: unknown[] = [];
      for (const iterator of iterators) {
        const step = nextOf(iterator, open);
        if (step.done) return columns;
        row.push(step.value);
      }
      row.forEach((value, index) => columns[index]?.push(value));
    }
  } finally {
    closeAll(open);
  }
}

/** One that has ended, or throws, is not to be closed. */
function nextOf(iterator: Iterator<unknown>, open: Set<Iterator<unknown>>): IteratorResult<unknown> {
  open.delete(iterator);
  const step = iterator.next();
  if (!step.done) open.add(iterator);
  return step;
}

/** What a sequence throws while it is closed hides nothing that was thrown before. */
function closeAll(open: ReadonlySet<Iterator<unknown>>): void {
  for (const iterator of open) {
    try {
      iterator.return?.();
    } catch {
      // It has nothing more to give, and its rows were taken.
    }
  }
}
