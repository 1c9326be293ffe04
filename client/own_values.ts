/**
 * What a function may use of Troupe itself: on an engine it is the engine's own, never a copy.
 *
 * `currentTask` and `UnmetDependency` carry a mark that every copy of the library knows; other errors are known by
 * identity. Called by `closure_graph.ts`.
 * @module
 */
import { types } from "node:util";
import * as errors from "../wire/errors.ts";

const OWN = Symbol.for("troupe.own");

/** All of it, as one object: what `import * as troupe` gives. */
export const OWN_NAMESPACE = "*";

/** Marks a value of this library. */
export function markOwn<T extends object>(value: T, name: string): T {
  return Object.defineProperty(value, OWN, { value: name });
}

/** Its name; `null` where it is not of Troupe. */
export function ownName(value: unknown): string | null {
  if (typeof value === "function") {
    if (Object.hasOwn(value, OWN)) return String((value as unknown as Record<symbol, unknown>)[OWN]);
    const name = value.name as keyof typeof errors;
    return Object.hasOwn(errors, name) && errors[name] === value ? name : null;
  }
  if (typeof value !== "object" || value === null || !types.isModuleNamespaceObject(value)) return null;
  const { currentTask, Client } = value as Readonly<Record<string, unknown>>;
  return typeof Client === "function" && typeof currentTask === "function" && Object.hasOwn(currentTask, OWN)
    ? OWN_NAMESPACE
    : null;
}
