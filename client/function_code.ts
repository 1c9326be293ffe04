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
import type { PackedFunction, PlacedText } from "./function_shipping.ts";
import type { ModuleRef } from "./shipped_text.ts";
import type { SourceMap } from "./source_map.ts";
import { type AnyFunction, isMethodText } from "./source_text.ts";

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
  /** The functions whose own texts are in it, where it is known where they stand: errors tell. */
  readonly parts?: readonly PlacedText[];
}

/** The code of one function, and what it was made of. */
interface KnownCode {
  readonly text: string;
  readonly modules: readonly ModuleRef[];
  readonly code: FunctionCode;
}

/** The code of a function, then those of the modules that it loads. */
export function codesOf(code: FunctionCode): readonly ShippedCode[] {
  return code.modules === undefined ? [code] : [code, ...code.modules];
}

/** Caches the code of functions for as long as these live. */
export class FunctionCodes {
  readonly #single = new WeakMap<AnyFunction, KnownCode>();
  readonly #chunked = new WeakMap<AnyFunction, KnownCode>();
  readonly #modules = new WeakMap<ModuleRef, ShippedCode>();

  /** The function as it is. */
  single(f: AnyFunction, packed: PackedFunction): FunctionCode {
    return this.#cached(this.#single, f, packed, (text) => text);
  }

  /** The function with a loop around it: takes rows of arguments, returns an outcome for each. */
  chunked(f: AnyFunction, packed: PackedFunction): FunctionCode {
    return this.#cached(this.#chunked, f, packed, (text) => chunkSource(text, isMethodText(text), packed.isFresh));
  }

  /** The same code with these modules too; itself where it has them all. */
  withModules(code: FunctionCode, modules: readonly ModuleRef[]): FunctionCode {
    const known = code.modules ?? [];
    const more = modules.filter(({ hash }) => !known.some((module) => module.hash === hash));
    return more.length === 0 ? code : { ...code, modules: [...known, ...more.map((module) => this.#module(module))] };
  }

  #cached(
    cache: WeakMap<AnyFunction, KnownCode>,
    f: AnyFunction,
    { text, modules, parts }: PackedFunction,
    shape: (text: string) => string,
  ): FunctionCode {
    const known = cache.get(f);
    if (known?.text === text && areSame(known.modules, modules)) return known.code;
    const bytes = new TextEncoder().encode(shape(text));
    const hash = contentHash(bytes);
    const name = f.name === "" ? "<anonymous>" : f.name;
    const code = this.withModules({ hash, name, source: inlineOrBig(bytes, hash), parts }, modules);
    cache.set(f, { text, modules, code });
    return code;
  }

  /** One for each, so that a big one is brought to a host once. */
  #module(module: ModuleRef): ShippedCode {
    let code = this.#modules.get(module);
    if (code === undefined) {
      code = { ...module, source: inlineOrBig(module.source, module.hash) };
      this.#modules.set(module, code);
    }
    return code;
  }
}

function areSame(known: readonly ModuleRef[], modules: readonly ModuleRef[]): boolean {
  return known === modules ||
    known.length === modules.length && known.every(({ hash }, index) => hash === modules[index]?.hash);
}

function inlineOrBig(bytes: Uint8Array, hash: ContentHash): Uint8Array | BigValue {
  return bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes, hash) : bytes;
}
