/**
 * The variables that functions have captured in a notebook or in `deno repl`, where the runtime's inspector belongs to the
 * kernel or the REPL: a program that posts to it there ends these.
 *
 * The variables of all cells are in reach of code that is evaluated globally, so these can be captured; those of a
 * function around another can't. Called by `function_shipping.ts`.
 * @module
 */
import type { ReadClosure, ScopeReader } from "./closure_reader.ts";
import { isInteractive } from "./notebook_kernel.ts";
import { isVariableName } from "./source_text.ts";

/** What was there before the first cell ran means something on every engine. */
const GLOBALS = new Set(isInteractive() ? Object.getOwnPropertyNames(globalThis) : []);
const evaluate = eval;

/** The variables of the cells of a notebook, or of the lines of a REPL. */
export class CellReader implements ScopeReader {
  readonly #scope = new Proxy({}, {
    get: (_target, name) => valueOf(name),
    getOwnPropertyDescriptor: (_target, name) =>
      isDeclared(name) ? { value: valueOf(name), configurable: true, enumerable: true, writable: true } : undefined,
  });

  read(): ReadClosure {
    return { scopes: [this.#scope], place: null };
  }

  source(): null {
    return null;
  }

  [Symbol.dispose](): void {}
}

function isDeclared(name: string | symbol): boolean {
  if (typeof name !== "string" || GLOBALS.has(name) || !isVariableName(name)) return false;
  try {
    evaluate(name);
    return true;
  } catch {
    return false;
  }
}

function valueOf(name: string | symbol): unknown {
  return typeof name === "string" && isVariableName(name) ? evaluate(name) : undefined;
}
