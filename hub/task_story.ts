/**
 * What happened to a task, told in order from its record.
 *
 * The straight way (submitted, assigned, settled) is in the fields of the record; only what leaves it is written down as
 * it happens, so that most tasks cost nothing more. Called by `task_records.ts` and the hub.
 * @module
 */
import type { StoryLine } from "../protocol/explanation.ts";
import type { TaskId } from "../protocol/ids.ts";
import type { TaskOutcome } from "../protocol/outcome.ts";
import { errorSummary } from "../wire/error_summary.ts";
import type { FactOf, TaskRecord } from "./task_record.ts";

/** Detours that are kept of one task: half of them the first, half the last. */
export const MAX_DETOURS = 1_000;
const SHOWN_TASKS = 8;

/** An attempt was made and came to nothing. To be called before the record is changed. */
export function tellLostAttempt(
  record: TaskRecord,
  fact: FactOf<"attempt-failed" | "task-declined" | "task-returned">,
): void {
  if (record.assigned !== null) add(record, assignedLine(record, record.assigned));
  add(record, { at: fact.at, text: lossOf(fact) });
}

/** It waits, or waits no longer. */
export function tellWaiting(record: TaskRecord, { kind, at }: FactOf<"task-held" | "task-unblocked">): void {
  if (kind === "task-unblocked") return add(record, { at, text: "is ready: it waits for an engine only" });
  const text = record.attempts > 0 ? "pauses before its next attempt" : `waits for ${shownTasks(record)}`;
  add(record, { at, text });
}

/** All of it, oldest first. */
export function storyOf(record: TaskRecord): readonly StoryLine[] {
  const { submitted, detours, assigned, completed, outcome } = record;
  const lines: StoryLine[] = [{ at: submitted, text: "was submitted" }];
  lines.push(...detours ?? []);
  if (assigned !== null) lines.push(assignedLine(record, assigned));
  if (completed !== null && outcome !== null) lines.push({ at: completed, text: endOf(record, outcome) });
  return lines;
}

function assignedLine({ engine, attempts }: TaskRecord, at: number): StoryLine {
  return { at, text: `was given to engine ${engine} as attempt ${attempts}` };
}

function lossOf(fact: FactOf<"attempt-failed" | "task-declined" | "task-returned">): string {
  switch (fact.kind) {
    case "attempt-failed":
      return `failed on engine ${fact.engine}: ${fact.error === null ? fact.reason : shownError(fact.error)}`;
    case "task-declined":
      return `declined engine ${fact.engine}`;
    case "task-returned":
      return `came back from engine ${fact.engine} before it began`;
  }
}

function endOf({ report, engine }: TaskRecord, outcome: TaskOutcome): string {
  if (outcome.kind === "threw") return `failed for good on engine ${engine}: ${shownError(outcome.error)}`;
  if (outcome.kind === "failed") {
    const { name, message } = outcome.error;
    return name === "TaskAborted" ? "was aborted" : `failed for good with ${name}: ${message}`;
  }
  return report === null ? "is done" : `is done: it ran ${Math.round(report.runMs)} ms on engine ${engine}`;
}

function shownError(payload: Parameters<typeof errorSummary>[0]): string {
  const { name, message } = errorSummary(payload);
  return `${name}: ${message}`;
}

function shownTasks({ spec }: TaskRecord): string {
  const { after, follow } = spec.template.flags;
  const ids = new Set<TaskId>([...after?.ids ?? [], ...follow?.ids ?? []]);
  const shown = [...ids].slice(0, SHOWN_TASKS).map((id) => `"${id}"`).join(", ");
  const rest = ids.size > SHOWN_TASKS ? ` and ${ids.size - SHOWN_TASKS} more` : "";
  return `${ids.size === 1 ? "task" : "tasks"} ${shown}${rest}`;
}

/** A task that is sent around for days must not fill the memory. */
function add(record: TaskRecord, line: StoryLine): void {
  const lines = record.detours ??= [];
  if (lines.length >= MAX_DETOURS) lines.splice(MAX_DETOURS / 2, 1);
  lines.push(line);
}
