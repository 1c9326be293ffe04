/**
 * Makes a task's error ready to travel: a stack of its own, and a hint where the runtime's message leaves one alone.
 *
 * Changes the error in place, so that its class and its fields stay what they were. Called by the task runner for
 * whatever a task throws.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { CHUNK_OUTCOMES } from "../protocol/shipped_names.ts";
import { remoteStack } from "./remote_stack.ts";

/** Deep enough for any chain of causes a person reads. */
const CAUSE_DEPTH = 10;

/** Where the error was thrown. */
export interface ErrorPlace {
  /** Name of the function. */
  readonly name: string;
  readonly engineId: EngineId;
  /** A line of a stack, with names in place of what only this process can tell apart. */
  readonly named?: (line: string) => string;
}

/** Trims the stacks of the error and its causes, and explains it; of a chunk, those of its items. Never throws. */
export function explainError(error: unknown, place: ErrorPlace): void {
  explainOne(error, place);
  for (const item of failedItems(error)) explainOne(item, place);
}

/** Whether it stands for a chunk, and brings the outcomes of its items. */
export function hasOutcomes(error: unknown): error is { readonly [CHUNK_OUTCOMES]: unknown } {
  try {
    return error instanceof Error && Object.hasOwn(error, CHUNK_OUTCOMES);
  } catch {
    // It has traps of its own.
    return false;
  }
}

function failedItems(error: unknown): unknown[] {
  const outcomes = hasOutcomes(error) ? error[CHUNK_OUTCOMES] : null;
  if (!Array.isArray(outcomes)) return [];
  return outcomes.flatMap((outcome: unknown) => Array.isArray(outcome) && outcome[0] === 1 ? [outcome[1]] : []);
}

function explainOne(error: unknown, place: ErrorPlace): void {
  try {
    let current = error;
    for (let depth = 0; depth < CAUSE_DEPTH && current instanceof Error; depth++) {
      trimStack(current, place);
      current = current.cause;
    }
    if (!(error instanceof Error)) return;
    const message = explainedMessage(error, place);
    if (message !== null) replaceMessage(error, message);
  } catch {
    // An error with traps of its own travels as it is.
  }
}

function trimStack(error: Error, { named }: ErrorPlace): void {
  if (typeof error.stack === "string") error.stack = remoteStack(error.stack, named);
}

function replaceMessage(error: Error, message: string): void {
  const before = error.message;
  const stack = error.stack;
  error.message = message;
  if (typeof stack === "string") error.stack = stack.replace(before, () => message);
}

function explainedMessage(error: Error, place: ErrorPlace): string | null {
  const message = error.message;
  if (error instanceof ReferenceError) return explainFreeVariable(message, place);
  const denied = /^Requires (\w+) access(?: to (.+?))?, run again with the --allow-(\w+) flag/.exec(message);
  if (denied === null) return null;
  const what = denied[1] ?? "";
  const flag = denied[3] ?? "";
  const resource = unquoted(denied[2] ?? "");
  if (error instanceof TypeError && what === "read") return explainLocalImport(resource, place);
  if (error.name !== "NotCapable" && what !== "import") return null;
  return explainPermission(what, flag, resource, place);
}

function explainFreeVariable(message: string, { name, engineId }: ErrorPlace): string | null {
  const variable = /^(.+) is not defined$/.exec(message)?.[1];
  if (variable === undefined) return null;
  if (name === "execute") {
    return `Cannot run "execute": "${variable}" is not defined on engine ${engineId}: neither the text nor what was put ` +
      `there before has this name; push "${variable}" to the engine, or declare it in the text`;
  }
  return `Cannot run "${name}": "${variable}" is not defined on engine ${engineId}: no variable around the function ` +
    `had this name where it came from; pass "${variable}" as an argument, or import or define it inside the function`;
}

function explainLocalImport(resource: string, { engineId }: ErrorPlace): string {
  return `Cannot import "${resource}" on engine ${engineId}: a local module travels only where the import in the function ` +
    `says its name; write import("./module.ts") with a plain text, or let engines read the file with ` +
    `--allow-read=${resource}`;
}

function explainPermission(what: string, flag: string, resource: string, { name, engineId }: ErrorPlace): string {
  const grant = resource === "" || /\s/.test(resource) ? `--allow-${flag}` : `--allow-${flag}=${resource}`;
  const target = resource === "" ? "" : ` to "${resource}"`;
  return `Requires ${what} access${target}, which "${name}" has not on engine ${engineId}: ` +
    `give ${grant} to "start" or "engines", or { ${flag}: … } as permissions to Cluster.start`;
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, "$1");
}
