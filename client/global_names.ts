/**
 * Names under which engines are to keep values: they become global variables there.
 *
 * Refuses at once what can't be one anywhere; what else an engine has built in, it knows itself. Called by
 * `direct_view.ts` and `script_parts.ts`.
 * @module
 */
import { isVariableName } from "./source_text.ts";

/** What every JavaScript engine has, and what ours give to tasks. */
const BUILT_IN: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Deno Error
   EvalError FinalizationRegistry Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl JSON
   Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol
   SyntaxError TypeError URIError URL Uint16Array Uint32Array Uint8Array Uint8ClampedArray UnmetDependency WeakMap
   WeakRef WeakSet clearInterval clearTimeout console currentTask decodeURI encodeURI escape eval fetch globalThis
   isFinite isNaN parseFloat parseInt process queueMicrotask setInterval setTimeout undefined unescape`.split(/\s+/),
);

/** Throws `TypeError` for what can't be a variable on an engine. */
export function checkGlobalName(name: unknown): string {
  if (typeof name !== "string" || !isVariableName(name)) {
    const shown = typeof name === "string" ? JSON.stringify(name) : String(name);
    throw new TypeError(`Cannot define ${shown} on engines: it is no name of a variable; take one such as "a".`);
  }
  if (!BUILT_IN.has(name)) return name;
  throw new TypeError(`Cannot define "${name}" on engines: it is built in there; take another name.`);
}
