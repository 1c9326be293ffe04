/**
 * The functions that direct views ship to work on what engines hold under names.
 *
 * They run on engines: each uses nothing but its arguments and globals. Called by `direct_view.ts`.
 * @module
 */
import type { EngineNamespace, ScriptParts } from "../protocol/namespace.ts";

/** Defines names. */
export function push(values: Readonly<Record<string, unknown>>): void {
  (Reflect.get(globalThis, Symbol.for("troupe.namespace")) as EngineNamespace).push(values);
}

/** What is at one path. */
export function pullOne(path: string): unknown {
  return (Reflect.get(globalThis, Symbol.for("troupe.namespace")) as EngineNamespace).pull([path])[0];
}

/** What is at these paths, in this order. */
export function pull(paths: readonly string[]): unknown[] {
  return (Reflect.get(globalThis, Symbol.for("troupe.namespace")) as EngineNamespace).pull(paths);
}

/** Takes all names away. */
export function clear(): void {
  (Reflect.get(globalThis, Symbol.for("troupe.namespace")) as EngineNamespace).clear();
}

/** Runs a text. */
export function execute(script: ScriptParts): Promise<unknown> {
  return (Reflect.get(globalThis, Symbol.for("troupe.namespace")) as EngineNamespace).execute(script);
}
