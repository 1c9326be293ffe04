/**
 * What an engine holds under names, as the direct view's own tasks use it: names put there by `push`, `execute`, `set`
 * and `scatter` are global variables of the engine's process.
 *
 * Types only. The engine offers it under a registered symbol (`NAMESPACE_KEY`), the functions that clients ship find it
 * there.
 * @module
 */

/** A program text, taken apart so that what it declares becomes global. */
export interface ScriptParts {
  /** For stacks. */
  readonly name: string;
  /** Of the text as it was. */
  readonly hash: string;
  /** What it declares. */
  readonly names: readonly string[];
  /** Its functions, and the names as variables; everything else blanked, so that positions hold. */
  readonly declarations: string;
  /** All else, as the body of an asynchronous function. */
  readonly body: string;
}

/** The namespace of an engine. */
export interface EngineNamespace {
  /** Defines names. Throws `TypeError`, and defines none, where one of them is built in or no name. */
  push(values: Readonly<Record<string, unknown>>): void;
  /** What is at these names, or paths such as `a.b`. Throws `ReferenceError` for the first that is not there. */
  pull(paths: readonly string[]): unknown[];
  /** Takes all names away. */
  clear(): void;
  /** Runs a text; resolves with the value of its last expression. */
  execute(script: ScriptParts): Promise<unknown>;
}
