/**
 * The code of functions, as engines get it: made once per function object, named by its hash.
 *
 * Plain functions are their source text, wrapped ones (`guarded_code.ts`) a text made of several. Knows nothing of
 * sending. Called by `task_templates.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";
import { BigValue } from "./big_value.ts";
import { chunkSource } from "./chunk_code.ts";
import { functionsIn, guardedOf, guardedText } from "./guarded_code.ts";
import { type ModuleRef, shippedOf } from "./shipped_text.ts";
import type { SourceMap } from "./source_map.ts";
import { type AnyFunction, isMethodText, sourceText } from "./source_text.ts";

export type { AnyFunction } from "./source_text.ts";

/** A text that is shipped once to whoever runs it: that of a function, or of a module. */
export interface ShippedCode {
  readonly hash: ContentHash;
  readonly source: Uint8Array | BigValue;
  /** Of a module: from positions in it to those in the files that it was made from. */
  readonly map?: SourceMap;
}

/** Code that can be shipped. */
export interface FunctionCode extends ShippedCode {
  /** For people. */
  readonly name: string;
  /** The texts of the modules that it loads; absent: none. */
  readonly modules?: readonly ShippedCode[];
  /** The functions whose texts are in it, where these are known here: errors tell where they stand. */
  readonly parts?: readonly AnyFunction[];
}

/** The code of a function, then those of the modules that it loads. */
export function codesOf(code: FunctionCode): readonly ShippedCode[] {
  return code.modules === undefined ? [code] : [code, ...code.modules];
}

/** Caches the code of functions for as long as these live. */
export class FunctionCodes {
  readonly #single = new WeakMap<AnyFunction, FunctionCode>();
  readonly #chunked = new WeakMap<AnyFunction, FunctionCode>();

  /** The function as it is. Throws `SerializationError`, `TypeError` for what is no function. */
  single(f: AnyFunction): FunctionCode {
    return cached(this.#single, f, (text) => text);
  }

  /** The function with a loop around it: takes rows of arguments, returns an outcome for each. */
  chunked(f: AnyFunction): FunctionCode {
    return cached(this.#chunked, f, (text) => chunkSource(text, isMethodText(text)));
  }
}

function cached(cache: WeakMap<AnyFunction, FunctionCode>, f: AnyFunction, shape: (text: string) => string) {
  const known = typeof f === "function" ? cache.get(f) : undefined;
  if (known !== undefined) return known;
  const bytes = new TextEncoder().encode(shape(shippedText(f)));
  const hash = contentHash(bytes);
  const name = f.name === "" ? "<anonymous>" : f.name;
  const modules = modulesOf(f).map((module): ShippedCode => ({
    ...module,
    source: inlineOrBig(module.source, module.hash),
  }));
  const own = {
    hash,
    name,
    source: inlineOrBig(bytes, hash),
    parts: functionsIn(f).filter((part) => shippedOf(part) === null),
  };
  const code: FunctionCode = modules.length === 0 ? own : { ...own, modules };
  cache.set(f, code);
  return code;
}

function inlineOrBig(bytes: Uint8Array, hash: ContentHash): Uint8Array | BigValue {
  return bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes, hash) : bytes;
}

/** Each once. */
function modulesOf(f: AnyFunction): readonly ModuleRef[] {
  const modules = functionsIn(f).flatMap((part) => shippedOf(part)?.modules ?? []);
  return [...new Map(modules.map((module) => [module.hash, module])).values()];
}

function shippedText(f: AnyFunction): string {
  const guarded = guardedOf(f);
  return guarded === null ? sourceText(f) : guardedText(guarded);
}
