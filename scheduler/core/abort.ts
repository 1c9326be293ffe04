/**
 * Ends a task because somebody asked for it, whatever state it is in.
 *
 * The client has its outcome at once; an attempt that runs keeps its place on the engine until its host says it ended.
 * Called by `on_tasks.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import { settle, systemFailure } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import type { TaskRecord } from "./task_record.ts";

/** What an aborted task becomes. */
export function abortedOutcome(id: TaskId): TaskOutcome {
  return systemFailure("TaskAborted", `Aborted task "${id}": an abort was asked for`);
}

/** Aborts a task that is not settled. */
export function abortTask(s: SchedulerState, task: TaskRecord): void {
  const { attempt } = task;
  s.placement.remove(task);
  if (attempt === null) return settle(s, task, "abort", abortedOutcome(task.id));
  const { engine, epoch, number } = attempt;
  attempt.task = null;
  task.attempt = null;
  s.out.abort(engine.host.id, epoch, number);
  settle(s, task, "abort", abortedOutcome(task.id), engine);
}
