/**
 * Whether a static field of a class can be set to what it holds here: what is more than data is made by the text of the
 * class, where that is run.
 *
 * Looks, and changes nothing. Called by `closure_graph.ts`.
 * @module
 */
import { types } from "node:util";

/** What lies deeper counts as more than data. */
const MAX_DEPTH = 100;

/** Whether there is nothing but data in it. `depth`: of the value in the whole. */
export function isPlainData(value: unknown, depth = 0): boolean {
  if (typeof value === "function" || typeof value === "symbol" || depth > MAX_DEPTH) return false;
  if (typeof value !== "object" || value === null) return true;
  if (types.isProxy(value)) return false;
  if (Array.isArray(value)) return value.every((item) => isPlainData(item, depth + 1));
  if (value instanceof Map) return [...value].every((item) => isPlainData(item, depth + 1));
  if (value instanceof Set) return [...value].every((item) => isPlainData(item, depth + 1));
  if (value instanceof Date || ArrayBuffer.isView(value)) return true;
  return Object.getPrototypeOf(value) === Object.prototype &&
    Object.values(value).every((item) => isPlainData(item, depth + 1));
}
