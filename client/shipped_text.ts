/**
 * Functions that are shipped as another text than their own: those that only stand for something on the engines.
 *
 * The text is made when it is first asked for, under a registered symbol where every copy of the library finds it. Knows
 * nothing of what is in it. Made by `remote_module.ts` and `parallel_function.ts`, read by
 * `function_shipping.ts` and `closure_graph.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { SourceMap } from "./source_map.ts";

/** The text of a module, as engines get it. */
export interface ModuleRef {
  readonly hash: ContentHash;
  readonly source: Uint8Array;
  /** From positions in it to those in the files that it was made from. */
  readonly map?: SourceMap;
}

/** What is shipped for a function. */
export interface ShippedText {
  /** An expression that gives a function. */
  readonly text: string;
  /** What it loads. */
  readonly modules: readonly ModuleRef[];
}

const SHIPPED = Symbol.for("troupe.shipped");

/** From now on `f` is shipped as what `make` gives; what that throws is thrown at submission, and asked for again. */
export function shipAs<F extends (...args: never[]) => unknown>(f: F, make: () => ShippedText): F {
  let made: ShippedText | null = null;
  return Object.defineProperty(f, SHIPPED, { value: () => made ??= make() });
}

/** What is shipped for `f`; `null`: its own text. Throws where it can't be made. */
export function shippedOf(f: unknown): ShippedText | null {
  if (typeof f !== "function") return null;
  const make = (f as { readonly [SHIPPED]?: () => ShippedText })[SHIPPED];
  return make === undefined ? null : make();
}
