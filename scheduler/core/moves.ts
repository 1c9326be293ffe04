/**
 * The one place where a task's state changes: looked up in the table, counted, and told to the story.
 *
 * A move that the table calls impossible is a mistake of the core: it throws with all that is remembered of the task.
 * @module
 */
import type { EngineId } from "../../protocol/ids.ts";
import type { SchedulerState } from "./state.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";
import { type TaskMove, type TaskState, TRANSITIONS } from "./transitions.ts";

/** Moves a task, or throws. */
export function move(s: SchedulerState, task: TaskRecord, by: TaskMove, engine: EngineId | null = null): void {
  const from = task.state;
  const state = checkMove(s, task, by);
  s.story.tell(s.now, task.id, from, by, engine);
  count(s, from, -1);
  count(s, state, 1);
  task.state = state;
  if (s.options.facts && (state === "waiting" || from === "waiting")) tellWaiting(s, task);
}

/** Whatever it waits for, the records say so; where it goes from there by another way, another fact says it. */
function tellWaiting(s: SchedulerState, { id, state }: TaskRecord): void {
  if (state === "waiting") s.out.fact({ kind: "task-held", at: s.now, task: id });
  else if (state === "ready") s.out.fact({ kind: "task-unblocked", at: s.now, task: id });
}

/** Where the move leads. */
export function checkMove(s: SchedulerState, task: TaskRecord | FinishedRecord, by: TaskMove): TaskState {
  const transition = TRANSITIONS[task.state][by];
  if ("to" in transition) return transition.to;
  const story = s.story.of(task.id).map(({ at, text }) => `\n  ${at} ${text}`).join("");
  throw new Error(`Cannot "${by}" task "${task.id}" while it is ${task.state}: ${transition.impossible}.${story}`);
}

function count(s: SchedulerState, state: TaskState, by: 1 | -1): void {
  if (state === "waiting" || state === "ready" || state === "assigned") s.counts[state] += by;
}
