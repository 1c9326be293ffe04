/**
 * What an earlier life of the scheduler wrote down and a new one takes over: its tasks, finished or not.
 *
 * All is there before any of it is judged, as with a batch. Nothing is dispatched yet: in the grace the hosts say what
 * they hold of these tasks, and what runs somewhere is adopted. Called once, at the beginning, by `scheduler.ts`.
 * @module
 */
import { type TaskId, wayOf } from "../../protocol/ids.ts";
import { pauseBeforeRetry } from "./attempt_end.ts";
import { acceptDependent, isDependent } from "./dependencies.ts";
import type { InheritedTask, TasksInherited } from "./events.ts";
import { inputDependency } from "./inputs.ts";
import { IntervalSet } from "./interval_set.ts";
import { move } from "./moves.ts";
import { deadlineOf, enqueue } from "./queueing.ts";
import { specBytes } from "./retention.ts";
import { type SessionRecord, splitTaskId } from "./session_record.ts";
import { retireIfDone } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** The journal of earlier lives, folded. */
export function tasksInherited(s: SchedulerState, { sessions, tasks }: TasksInherited): void {
  for (const { session, forgotten } of sessions) s.session(session).forgotten = IntervalSet.from(forgotten);
  const finished: FinishedRecord[] = [];
  const live: { readonly task: TaskRecord; readonly from: InheritedTask }[] = [];
  for (const from of tasks) {
    const entered = enter(s, from);
    if (entered instanceof FinishedRecord) finished.push(entered);
    else if (entered !== null) live.push({ task: entered, from });
  }
  finished.sort((a, b) => a.settledAt - b.settledAt);
  for (const record of finished) s.retention.add(record);
  for (const { task } of live) expectRestOfBatch(s, task);
  for (const { task, from } of live) accept(s, task, from);
  for (const { session } of sessions) retireIfDone(s, s.session(session));
}

function enter(s: SchedulerState, { spec, submittedAt, failures, lastFailure, settled }: InheritedTask) {
  const parts = splitTaskId(spec.id);
  if (parts === null || wayOf(parts.counter) !== "balanced") return null;
  const session = s.session(parts.session);
  const { counter } = parts;
  if (session.forgotten.has(counter) || session.tasks.get(counter) !== undefined) return null;
  if (settled !== null) {
    const { outcome, report, at } = settled;
    const chunked = spec.template.chunked === true;
    const record = new FinishedRecord(session, counter, outcome, settled, report, specBytes(spec), at, false, chunked);
    session.tasks.set(counter, record);
    return record;
  }
  const task = new TaskRecord(spec, session, counter, s.nextOrder++, submittedAt);
  task.attempts = task.failures = failures;
  if (lastFailure !== null) {
    task.lastFailure = lastFailure.outcome;
    task.lastPlace = { id: lastFailure.engine, uuid: null };
    if (lastFailure.outcome.kind === "threw") task.lastError = lastFailure.outcome.error;
  }
  session.tasks.set(counter, task);
  return task;
}

/** The journal may end in the middle of a batch: who submitted it submits the rest when it is back, if it comes back. */
function expectRestOfBatch(s: SchedulerState, { spec, flags: { after, follow }, session }: TaskRecord): void {
  if (session.batchOpen) return;
  const named = [after, follow, inputDependency(spec)].flatMap((dependency) => dependency?.ids ?? []);
  if (!named.some((id) => isToCome(s, session, id))) return;
  session.batchOpen = true;
  session.abandoned = s.timers.set(s.now + s.options.adoptableMs, { kind: "abandoned-batch", session });
}

function isToCome(s: SchedulerState, session: SessionRecord, id: TaskId): boolean {
  const parts = splitTaskId(id);
  return parts !== null && parts.session === session.id && s.task(id) === null && !session.forgotten.has(parts.counter);
}

function accept(s: SchedulerState, task: TaskRecord, from: InheritedTask): void {
  spareInGrace(s, task);
  if (isDependent(task)) return acceptDependent(s, task);
  const pauseMs = from.lastFailure === null ? 0 : from.lastFailure.at + pauseBeforeRetry(s, task) - s.now;
  if (pauseMs > 0) {
    move(s, task, "hold");
    task.pause = s.timers.set(s.now + pauseMs, { kind: "pause", task });
    return;
  }
  move(s, task, "accept");
  enqueue(s, task, "applies");
}

/** It may run somewhere, where no deadline hits it: that is not known before the hosts have had their time. */
function spareInGrace(s: SchedulerState, task: TaskRecord): void {
  const at = deadlineOf(task);
  if (at === Infinity) return;
  const { grace } = s;
  task.deadline = s.timers.set(Math.max(at, grace === null ? 0 : grace.timer.at + 1), { kind: "deadline", task });
}
