/**
 * Batches of tasks that may name each other in any order, in one message or several.
 *
 * What is named before it came is missing until the batch is complete; what is missing then never comes. Only within a
 * batch can tasks wait for each other in a circle, so cycles are looked for when it is complete. Called by `on_tasks.ts`
 * and `on_clients.ts`.
 * @module
 */
import { failCycles } from "./cycles.ts";
import type { TaskId } from "../../protocol/ids.ts";
import { neverSubmitted, tellDependents } from "./dependencies.ts";
import { invalidOutcome } from "./dependency_errors.ts";
import type { SessionRecord } from "./session_record.ts";
import { settle } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";

/** More of a batch follows, or it is complete with what has just come. */
export function closeBatch(s: SchedulerState, session: SessionRecord): void {
  session.batchOpen = false;
  const { missing, forward } = session;
  if (missing.size > 0) failMissing(s, session);
  missing.clear();
  session.forward = [];
  // What ends with this batch may free some of them.
  tellDependents(s);
  if (forward.length > 0) failCycles(s, forward);
}

/** Those who named what never came. */
function failMissing(s: SchedulerState, { id, missing }: SessionRecord): void {
  for (const [counter, dependents] of missing) {
    for (const { closed, waits: { task }, flag } of dependents) {
      if (closed) continue;
      settle(s, task, "doom", invalidOutcome(task, flag, neverSubmitted(`${id}-${counter}` as TaskId)));
    }
  }
}
