/**
 * The code of functions, as engines get it: made once while the text of a function is the same, named by its hash.
 *
 * What the text is, `function_shipping.ts` says. Knows nothing of sending. Called by `task_templates.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";
import { BigValue } from "./big_value.ts";
import { chunkSource } from "./chunk_code.ts";
import type { PackedFunction } from "./function_shipping.ts";
import type { ModuleRef } from "./module_bundle.ts";
import { type AnyFunction, isMethodText } from "./source_text.ts";

export type { AnyFunction } from "./source_text.ts";

/** Code that can be shipped. */
export interface FunctionCode {
  readonly hash: ContentHash;
  /** For people. */
  readonly name: string;
  readonly source: Uint8Array | BigValue;
  /** Modules that it imports and that travel with it. */
  readonly modules: readonly ModuleRef[];
}

/** The code of one function, and the text that it was made of. */
interface KnownCode {
  readonly text: string;
  readonly code: FunctionCode;
}

/** Caches the code of functions for as long as these live. */
export class FunctionCodes {
  readonly #single = new WeakMap<AnyFunction, KnownCode>();
  readonly #chunked = new WeakMap<AnyFunction, KnownCode>();

  /** The function as it is. */
  single(f: AnyFunction, packed: PackedFunction): FunctionCode {
    return cached(this.#single, f, packed, (text) => text);
  }

  /** The function with a loop around it: takes rows of arguments, returns an outcome for each. */
  chunked(f: AnyFunction, packed: PackedFunction): FunctionCode {
    return cached(this.#chunked, f, packed, (text) => chunkSource(text, isMethodText(text), packed.isFresh));
  }
}

function cached(
  cache: WeakMap<AnyFunction, KnownCode>,
  f: AnyFunction,
  { text, modules }: PackedFunction,
  shape: (text: string) => string,
): FunctionCode {
  const known = cache.get(f);
  if (known?.text === text) return known.code;
  const bytes = new TextEncoder().encode(shape(text));
  const hash = contentHash(bytes);
  const source = bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes, hash) : bytes;
  const code: FunctionCode = { hash, name: f.name === "" ? "<anonymous>" : f.name, source, modules };
  cache.set(f, { text, code });
  return code;
}
