/**
 * Clients that asked for results of tasks that are not theirs, or were those of an earlier client: who is told what.
 *
 * A client that left is told no more; one that comes back asks again. Called by `scheduler.ts`, `settlement.ts` and
 * `on_clients.ts`.
 * @module
 */
import type { Session, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { ResultsWatched } from "./events.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** A client wants to be told what becomes of tasks: now of those that are finished. Unknown ones are ignored. */
export function resultsWatched(s: SchedulerState, { session, ids }: ResultsWatched): void {
  for (const id of ids) {
    const task = s.task(id);
    if (task instanceof FinishedRecord) tellWatcher(s, task, session);
    else if (task instanceof TaskRecord) watch(s, id, session);
  }
}

function watch(s: SchedulerState, id: TaskId, session: Session): void {
  const watchers = s.watchers.get(id);
  if (watchers === undefined) s.watchers.set(id, new Set([session]));
  else watchers.add(session);
}

/** A task is settled: tells those who asked for it. */
export function tellWatchers(s: SchedulerState, record: FinishedRecord): void {
  if (s.watchers.size === 0) return;
  const watchers = s.watchers.get(record.id);
  if (watchers === undefined) return;
  s.watchers.delete(record.id);
  for (const session of watchers) tellWatcher(s, record, session);
}

/** Nobody listens there any more. */
export function forgetWatcher(s: SchedulerState, session: Session): void {
  for (const [id, watchers] of s.watchers) if (watchers.delete(session) && watchers.size === 0) s.watchers.delete(id);
}

function tellWatcher(s: SchedulerState, record: FinishedRecord, to: Session): void {
  const { id: task, engine, uuid, attempts, report, settledAt, chunked } = record;
  const outcome = outcomeOf(record);
  s.out.effect({ kind: "tell-watcher", to, task, outcome, engine, uuid, attempts, report, settledAt, chunked });
}

/** Of what an earlier life settled only that it is done may be known. */
function outcomeOf({ id, outcome }: FinishedRecord): TaskOutcome {
  if (outcome.kind !== "done" || !(outcome.value instanceof Uint8Array) || outcome.value.length > 0) return outcome;
  const message =
    `Cannot get the result of task "${id}": an earlier life of the controller settled it, and only that it ` +
    `is done is known; ask the client that submitted it, or resubmit it`;
  return { kind: "failed", error: { name: "EngineError", message } };
}
