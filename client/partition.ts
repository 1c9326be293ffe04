/**
 * A sequence in parts, one for each engine, and the parts as a sequence again.
 *
 * Pure. Typed arrays stay what they are. Called by `direct_view.ts` for `scatter` and `gather`, by
 * `direct_submission.ts` and `parallel_parts.ts`.
 * @module
 */
import { refuse } from "./flag_checks.ts";

/** `block`: neighbours stay together; `roundRobin`: dealt out like cards. */
export type Distribution = "block" | "roundRobin";

/** How a result is made of those of all parts. */
export interface Shape {
  join(values: readonly unknown[]): unknown;
  /** Its elements are those of the parts, one part after the other. */
  readonly inOrder: boolean;
}

type TypedArray = Float64Array;
type TypedArrayClass = new (length: number) => TypedArray;

/** Where part `index` of `count` begins in a sequence of so many items: sizes differ by one at most, bigger ones first. */
export function firstOfPart(items: number, count: number, index: number): number {
  return index * Math.floor(items / count) + Math.min(index, items % count);
}

/** The part that an item is in. */
export function partHolding(items: number, count: number, item: number): number {
  const size = Math.floor(items / count);
  // The first ones have an item more.
  const longer = (items % count) * (size + 1);
  return item < longer ? Math.floor(item / (size + 1)) : items % count + Math.floor((item - longer) / size);
}

/** Throws `TypeError` for what is no distribution. */
export function checkDistribution(value: unknown): Distribution {
  if (value === undefined) return "block";
  if (value === "block" || value === "roundRobin") return value;
  throw refuse(TypeError, "dist", value, '"block" or "roundRobin"');
}

/** Something that can be taken apart: an array or typed array of the items. Throws `TypeError` for what is no sequence. */
export function checkSequence(value: unknown): unknown[] | TypedArray {
  if (isSequence(value)) return value;
  const isIterable = typeof value === "string" ||
    (typeof value === "object" && value !== null && Symbol.iterator in value);
  if (isIterable) return Array.from(value as Iterable<unknown>);
  throw new TypeError(
    `Cannot scatter ${String(value)}: it is no sequence; give an array, a typed array or a set, say.`,
  );
}

/** Part `index` of `count`. */
export function partOf(
  items: unknown[] | TypedArray,
  dist: Distribution,
  index: number,
  count: number,
): ArrayLike<unknown> {
  if (dist === "block") {
    const [first, end] = [firstOfPart(items.length, count, index), firstOfPart(items.length, count, index + 1)];
    return Array.isArray(items) ? items.slice(first, end) : items.subarray(first, end);
  }
  const length = Math.max(0, Math.ceil((items.length - index) / count));
  const part = emptyLike(items, length);
  for (let at = 0; at < length; at++) part[at] = items[index + at * count];
  return part;
}

/** The inverse. A part that is no array counts as one item. */
export function joinParts(parts: readonly unknown[], dist: Distribution): ArrayLike<unknown> {
  const lists = parts.map((part) => isSequence(part) ? part : [part]);
  const length = lists.reduce((sum, list) => sum + list.length, 0);
  const [first = []] = lists;
  const isSame = !Array.isArray(first) && lists.every((list) => list.constructor === first.constructor);
  const joined = emptyLike(isSame ? first : [], length);
  let at = 0;
  if (dist === "block") {
    for (const list of lists) {
      if (isSame) (joined as unknown as TypedArray).set(list as TypedArray, at);
      else for (let row = 0; row < list.length; row++) joined[at + row] = list[row];
      at += list.length;
    }
  } else {
    const rows = lists.reduce((most, list) => Math.max(most, list.length), 0);
    for (let row = 0; row < rows; row++) for (const list of lists) if (row < list.length) joined[at++] = list[row];
  }
  return joined;
}

/** What a value adds to what it is joined to: its elements, or itself. */
export function elementsOf(value: unknown): Iterable<unknown> {
  return isSequence(value) ? value : [value];
}

/** An array, or a typed array of any kind. */
export function isSequence(value: unknown): value is unknown[] | TypedArray {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** An array, or a typed array of the same class. */
function emptyLike(like: unknown[] | TypedArray, length: number): unknown[] {
  if (Array.isArray(like)) return new Array(length);
  return new (like.constructor as TypedArrayClass)(length) as unknown as unknown[];
}
