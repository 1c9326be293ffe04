/**
 * The source text of functions, as engines get it: read once per function object, named by its hash.
 *
 * Refuses what has no source that would run elsewhere, and says what to ship instead. Knows nothing of sending.
 * Called by `task_templates.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";
import { BigValue } from "./big_value.ts";
import { chunkSource } from "./chunk_code.ts";

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** Code that can be shipped. */
export interface FunctionCode {
  readonly hash: ContentHash;
  /** For people. */
  readonly name: string;
  readonly source: Uint8Array | BigValue;
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
  const bytes = new TextEncoder().encode(shape(sourceText(f)));
  const hash = contentHash(bytes);
  const source = bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes, hash) : bytes;
  const code: FunctionCode = { hash, name: f.name === "" ? "<anonymous>" : f.name, source };
  cache.set(f, code);
  return code;
}

function sourceText(f: AnyFunction): string {
  if (typeof f !== "function") {
    throw new TypeError(`Cannot ship ${JSON.stringify(f) ?? String(f)}: it is a ${typeof f}, not a function.`);
  }
  const text = Function.prototype.toString.call(f);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) throw new SerializationError(nativeMessage(f.name));
  if (/^class\b/.test(text)) {
    throw new SerializationError(
      `Cannot ship "${f.name}": it is a class; ship a function that holds the class and uses it, ` +
        `such as (x) => { class ${f.name || "Part"} { … } return new ${f.name || "Part"}(x).run(); }.`,
    );
  }
  checkSyntax(f.name, text);
  return text;
}

function nativeMessage(name: string): string {
  if (name.startsWith("bound ")) {
    return `Cannot ship "${name}": a bound function has no source; wrap the call in a function, such as ` +
      `(x) => ${name.slice("bound ".length) || "f"}(x), and pass what it was bound to as an argument.`;
  }
  return `Cannot ship "${name}": it is native code, which has no source; wrap it in a function of yours, ` +
    `such as (x) => ${name || "f"}(x), with the object it belongs to, as in (x) => Math.sqrt(x).`;
}

/** A text that stands for no expression of its own can't be run elsewhere: private names and `super` for instance. */
function checkSyntax(name: string, text: string): void {
  if (parses(`(${text})`) || isMethodText(text)) return;
  throw new SerializationError(
    `Cannot ship "${name}": its source does not stand alone (it may use a private name such as #x, or super); ` +
      `ship a plain function that takes what it needs as arguments.`,
  );
}

/** Whether it is the shorthand form of a method: `double(x) { return 2 * x; }`. */
function isMethodText(text: string): boolean {
  return !parses(`(${text})`) && parses(`({${text}})`);
}

function parses(expression: string): boolean {
  try {
    // Compiled, never called: nothing of the text runs here.
    new Function(`return ${expression}`);
    return true;
  } catch {
    return false;
  }
}
