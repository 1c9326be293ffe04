/**
 * `require`: a function that runs only where what it needs can be imported, and that finds modules, functions and values
 * under names of its own.
 *
 * Checks what is required at once; nothing is imported before the function is called. Called by users.
 * @module
 */
import { show } from "./flag_checks.ts";
import { type AsynchronousWrapper, functionWrapper } from "./function_wrapper.ts";
import { guarded, type GuardStep } from "./guarded_code.ts";
import { type AnyFunction, isVariableName } from "./source_text.ts";

/**
 * A specifier; a function, found under its own name; or a record of names: a string in it is a specifier, a function is
 * shipped as its text, all else is the value.
 */
export type Requirement = string | AnyFunction | Readonly<Record<string, unknown>>;

/**
 * A wrapper, and a decorator of static methods: the function runs only where all that is required can be imported. An
 * engine that can't is not asked again, and the task tries another one; on a direct view, and where the function is
 * called here, that is an `UnmetDependency` that names the specifier and the reason. Specifiers are full ones: `npm:`,
 * `node:`, `https:`, or `import.meta.resolve(…)`. Names are bound inside the function, to the module, to the function or
 * to a copy of the value, fresh for each task. Called here, the wrapped function gives a promise; where names are bound
 * it runs from its source text, as it would on an engine.
 *
 * Throws `TypeError` for what can't be required, and for names that no variable can have.
 *
 * @example
 * ```ts
 * import * as zlib from "node:zlib";
 * import { require } from "./require.ts";
 *
 * const level = 9;
 * const pack = require({ zlib: "node:zlib", level })((text: string) => zlib.gzipSync(text, { level }).length);
 * console.log(await pack("x".repeat(1_000)) < 100); // true
 * ```
 */
export function require(...requirements: readonly Requirement[]): AsynchronousWrapper {
  const steps = requirements.flatMap(stepsOf);
  if (steps.length === 0) {
    throw new TypeError(
      'Cannot require nothing: give specifiers, as in require("node:zlib")(f), or names for f to use.',
    );
  }
  return functionWrapper("require", (g) => guarded(g, steps, true)) as AsynchronousWrapper;
}

function stepsOf(requirement: Requirement): GuardStep[] {
  if (typeof requirement === "string") return [imported(requirement, null)];
  if (typeof requirement === "function") return [named(requirement.name, requirement)];
  if (typeof requirement === "object" && requirement !== null && isPlain(requirement)) {
    return Object.entries(requirement).map(([name, value]) => named(name, value));
  }
  throw new TypeError(
    `Cannot require ${
      show(requirement)
    }: give a specifier, a function, or a record such as { zlib: "node:zlib", limit: 5 }.`,
  );
}

function named(name: string, value: unknown): GuardStep {
  if (!isVariableName(name)) {
    throw new TypeError(
      name === ""
        ? "Cannot require a function without a name: give one, as in require({ helper: () => 1 })."
        : `Cannot require anything as ${JSON.stringify(name)}: no variable can have this name; choose another.`,
    );
  }
  return typeof value === "string" ? imported(value, name) : { kind: "bind", name, value };
}

function imported(specifier: string, name: string | null): GuardStep {
  if (URL.canParse(specifier)) return { kind: "import", specifier, name };
  const text = JSON.stringify(specifier);
  if (/^\.{0,2}\//.test(specifier)) {
    throw new TypeError(
      `Cannot require ${text}: an engine can't tell what it is relative to; give a full URL, import.meta.resolve(${text}).`,
    );
  }
  const instead = name === null ? "" : `; a text to be used as such goes into a list or record: { ${name}: [${text}] }`;
  throw new TypeError(
    `Cannot require ${text}: it is no full specifier; write "npm:${specifier}", "node:${specifier}" or a URL${instead}.`,
  );
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
