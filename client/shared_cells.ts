/**
 * Tells which of the variables that functions have captured are the same one: a variable that several of them share is one
 * cell, also where functions of one closure came apart on their way.
 *
 * The runtime does not say it: scopes are snapshots, and are told apart by what is in them and by where the functions
 * stand. Used by `closure_graph.ts`.
 * @module
 */
import type { GraphCell } from "./closure_nodes.ts";
import type { CapturedScope } from "./closure_reader.ts";
import type { FreeName, FunctionText } from "./closure_scripts.ts";
import type { AnyFunction } from "./source_text.ts";

/** A variable that more than one function may hold. */
interface SharedCell {
  readonly cell: GraphCell;
  /** Those that hold it. */
  readonly holders: Holder[];
}

/** A function as it holds a variable. */
export interface Holder {
  readonly f: AnyFunction;
  readonly text: FunctionText;
  readonly value: unknown;
  readonly scope: CapturedScope | null;
}

/** The variables of one graph. */
export class SharedCells {
  readonly #cells = new Map<unknown, SharedCell[]>();

  /** The cell of a variable as this function holds it; made where none of those before it holds the same one. */
  of(free: FreeName, holder: Holder, make: () => GraphCell): GraphCell {
    const key = free.binding ?? free.name;
    let shared = this.#cells.get(key);
    if (shared === undefined) this.#cells.set(key, shared = []);
    for (const { cell, holders } of shared) {
      if (!holders.every((other) => isSame(free, other, holder))) continue;
      holders.push(holder);
      return cell;
    }
    const cell = make();
    shared.push({ cell, holders: [holder] });
    return cell;
  }
}

/** Whether another value may be in it later. */
export function isChanging({ binding, uses }: FreeName): boolean {
  return binding === null ? true : binding.isWritten || uses.some(({ isWrite }) => isWrite);
}

/** Whether two functions that captured a variable of one declaration captured the same one. */
function isSame(free: FreeName, known: Holder, found: Holder): boolean {
  if (!isChanging(free)) return Object.is(known.value, found.value);
  if (free.binding?.isModule === true) return true;
  if (known.scope === null || found.scope === null || !areEqual(known.scope, found.scope)) return false;
  // The same piece of code gave two functions: unless something around it ran twice, the scope did.
  return known.f === found.f || known.text.offset !== found.text.offset ||
    known.text.scriptId !== found.text.scriptId ||
    isRepeatedWithin(free, known.text);
}

function isRepeatedWithin({ binding }: FreeName, { repeats, offset, text }: FunctionText): boolean {
  if (binding === null) return false;
  return repeats.some(([start, end]) =>
    start >= binding.blockStart && end <= binding.blockEnd &&
    (start > binding.blockStart || end < binding.blockEnd) && (start < offset || end > offset + text.length)
  );
}

function areEqual(a: CapturedScope, b: CapturedScope): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(valueIn(a, key), valueIn(b, key)));
}

function valueIn(scope: CapturedScope, key: string): unknown {
  try {
    return scope[key];
  } catch {
    return UNINITIALISED;
  }
}

const UNINITIALISED = Symbol("uninitialised");
