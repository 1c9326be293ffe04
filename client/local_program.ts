/**
 * Functions run here from their text, as an engine would run them: those in which `require` binds names.
 *
 * Loaded when such a function is first called in this program. Called by `guarded_code.ts`.
 * @module
 */
import { CELLS, LINK } from "../protocol/shipped_names.ts";
import * as errors from "../wire/errors.ts";
import { type CompiledText, FunctionLinker, MissingImports, type ProgramCells } from "../wire/function_link.ts";
import { decodeValue } from "../wire/value_codec.ts";
import { importHere } from "./closure_imports.ts";
import { currentTask } from "./current_task.ts";
import { FunctionShipping } from "./function_shipping.ts";
import { parseScript } from "./script_parser.ts";
import type { AnyFunction } from "./source_text.ts";

type Callable = (...args: unknown[]) => unknown;

const OWN: Readonly<Record<string, unknown>> = { ...errors, currentTask };

/** The function made of its text and of copies of what it captured. Rejects as a task would fail that runs it. */
export async function fromText(f: AnyFunction): Promise<Callable> {
  using shipping = new FunctionShipping();
  shipping.open(parseScript, { resolveImport: importHere, shippedOf: () => null });
  const { text, captures } = shipping.pack(f);
  const linker = new FunctionLinker({ compile, own: ownValue, import: (specifier) => import(specifier) }).with(
    (kind) => {
      throw new errors.SerializationError(
        `Cannot run the function here: a value around it is a "${kind}", which means something on engines only.`,
      );
    },
  );
  const make = compile(text);
  for (;;) {
    try {
      const values = captures === null ? {} : decodeValue(captures.bytes, { special: linker.decode });
      return make((values as Readonly<Record<string, ProgramCells>>)[CELLS] ?? null, linker.link) as Callable;
    } catch (error) {
      if (!(error instanceof MissingImports)) throw error;
      await error.loaded;
    }
  }
}

function ownValue(name: string): unknown {
  if (name === "*") return OWN;
  if (name === "globalThis") return globalThis;
  if (name.startsWith("globalThis.")) return (globalThis as Record<string, unknown>)[name.slice("globalThis.".length)];
  return OWN[name];
}

function compile(text: string): CompiledText {
  const make = new Function("UnmetDependency", LINK, CELLS, `"use strict"; return (${text}\n);`);
  return (cells, link) => make(errors.UnmetDependency, link, cells);
}
