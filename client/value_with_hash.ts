/**
 * Finds what a host asks for again among all that unsettled tasks are made of: arguments, captures, inputs, code.
 *
 * Looks at every task: it is asked once for each value that was lost with a host. Called by `client_tasks.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { BigValue } from "./big_value.ts";
import { codesOf } from "./function_code.ts";
import type { PendingTask } from "./task_table.ts";

/** The value, with its bytes; `null`: no task has it, or only a host does. */
export function valueWithHash(tasks: Iterable<PendingTask>, hash: ContentHash): BigValue | null {
  for (const task of tasks) {
    const found = bigValueOf(task, hash) ?? codeOf(task, hash);
    if (found !== null && found.bytes !== null) return found;
  }
  return null;
}

function bigValueOf({ args, template, inputs = [] }: PendingTask, hash: ContentHash): BigValue | null {
  for (const value of [args, template.captures, ...inputs.map(({ value }) => value)]) {
    if (value instanceof BigValue && value.isKnownAs(hash)) return value;
  }
  return null;
}

/** Code travels inline where it is short; to be brought it is a value like others. */
function codeOf({ template }: PendingTask, hash: ContentHash): BigValue | null {
  for (const code of codesOf(template.code)) {
    if (code.hash !== hash) continue;
    return code.source instanceof BigValue ? code.source : new BigValue(code.source, hash);
  }
  return null;
}
