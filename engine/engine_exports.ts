/**
 * What modules that travel find where they import the library: the engine's own things under the exported names.
 *
 * The library itself is not there on an engine. What makes sense only in a program says so when it is used. Bundles reach it through `globalThis[Symbol.for("troupe.exports")]`; offered by `main.ts`.
 * @module
 */
import * as errors from "../wire/errors.ts";

/** Where bundles find it. */
export const EXPORTS = Symbol.for("troupe.exports");

/** The names that engines have, with `own` among them. */
export function engineExports(own: Readonly<Record<string, unknown>>): object {
  const known: Readonly<Record<string, unknown>> = { ...errors, ...own };
  return new Proxy(Object.freeze({ ...known }), {
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
