/**
 * What tasks and the modules that travel find where they import the library: the engine's own things under the exported
 * names.
 *
 * The library itself is not there on an engine. What makes sense only in a program that submits says so when it is used.
 * Bundles reach it through the symbol of `EXPORTS_KEY`. Made by `special_values.ts`, offered by `main.ts`.
 * @module
 */
import * as errors from "../wire/errors.ts";

/** Errors and what is in `own`; each other name is there too, and says that it is not when it is used. */
export function engineExports(own: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known: Readonly<Record<string, unknown>> = Object.freeze({ ...errors, ...own });
  return new Proxy(known, {
    get(_target, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      return Object.hasOwn(known, name) ? known[name] : missing(name);
    },
  });
}

function missing(name: string): unknown {
  const refuse = (): never => {
    throw new TypeError(
      `Cannot use "${name}" of the library inside a task: engines have only what tasks need of it, such as currentTask ` +
        `and the errors; use "${name}" in the program that submits.`,
    );
  };
  return new Proxy(function () {}, { apply: refuse, construct: refuse, get: refuse });
}
