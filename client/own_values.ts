/**
 * What a function may use of Troupe itself, and of what the runtime defines: on an engine it is the engine's own, never a
 * copy.
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

/** The name by which engines know it; `null` where it is neither of Troupe nor a global of the runtime. */
export function ownName(value: unknown): string | null {
  if (typeof value === "function") {
    if (Object.hasOwn(value, OWN)) return String((value as unknown as Record<symbol, unknown>)[OWN]);
    const name = value.name as keyof typeof errors;
    if (isGlobal(value)) return `globalThis.${value.name}`;
    return Object.hasOwn(errors, name) && errors[name] === value ? name : null;
  }
  if (value === globalThis) return "globalThis";
  if (typeof value !== "object" || value === null || !types.isModuleNamespaceObject(value)) return null;
  const { currentTask, Client } = value as Readonly<Record<string, unknown>>;
  return typeof Client === "function" && typeof currentTask === "function" && Object.hasOwn(currentTask, OWN)
    ? OWN_NAMESPACE
    : null;
}

/** Such as `Map`, under whatever name. What the user defined there is not: an engine has no such thing. */
function isGlobal(f: { readonly name: string }): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, f.name);
  return descriptor?.value === f && NATIVE.test(Function.prototype.toString.call(f));
}

const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
