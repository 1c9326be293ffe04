/**
 * The end of tasks: their one outcome, whom it is told to, and their being forgotten.
 *
 * Called by whatever decides that a task ends; nobody else makes a `FinishedRecord` or deletes one.
 * @module
 */
import type { AttemptReport, SystemError, SystemErrorName, TaskOutcome } from "../../protocol/outcome.ts";
import type { Payload } from "../../protocol/task_spec.ts";
import { endWaits, pinFor } from "./holding.ts";
import { checkMove, move } from "./moves.ts";
import { specBytes } from "./retention.ts";
import type { SessionRecord } from "./session_record.ts";
import type { SchedulerState } from "./state.ts";
import { type AttemptPlace, FinishedRecord, type TaskRecord } from "./task_record.ts";
import type { TaskMove } from "./transitions.ts";
import { tellWatchers } from "./watchers.ts";

/** So many sessions that left and have no tasks here are still known. */
export const MAX_RETIRED_SESSIONS = 1_000;

/** An outcome that the system itself decided. */
export function systemFailure(name: SystemErrorName, message: string, cause: Payload | null = null): TaskOutcome {
  const error: SystemError = cause === null ? { name, message } : { name, message, cause };
  return { kind: "failed", error };
}

/** Fixes the outcome of a task that is in no queue and has no attempt any more. */
export function settle(
  s: SchedulerState,
  task: TaskRecord,
  by: TaskMove,
  outcome: TaskOutcome,
  where: AttemptPlace | null = task.lastPlace,
  report: AttemptReport | null = null,
): void {
  move(s, task, by, where?.id ?? null);
  if (task.deadline !== null) s.timers.clear(task.deadline);
  if (task.pause !== null) s.timers.clear(task.pause);
  const { session, counter, attempts } = task;
  const ran = { engine: where?.id ?? null, uuid: where?.uuid ?? null, attempts };
  const chunked = task.spec.template.chunked === true;
  const argBytes = specBytes(task.spec);
  const record = new FinishedRecord(session, counter, outcome, ran, report, argBytes, s.now, session.attached, chunked);
  session.tasks.set(counter, record);
  s.retention.add(record);
  const { waits, dependents } = task;
  if (waits !== null) endWaits(s, waits);
  if (dependents !== null) {
    s.settledNow.push({ id: task.id, record, dependents });
    pinFor(s, dependents, record);
  }
  if (s.options.facts) s.out.fact({ kind: "task-settled", at: s.now, task: task.id, outcome, ...ran, report });
  if (session.attached) tell(s, record, task);
  tellWatchers(s, record);
}

/** Tells a client that is there what became of its task, for the first time or again. */
export function tell(s: SchedulerState, record: FinishedRecord, named: { readonly id: TaskRecord["id"] }): void {
  const { session, outcome, engine, uuid, attempts, report, settledAt } = record;
  s.out.effect({
    kind: "settle",
    session: session.id,
    task: named.id,
    outcome,
    engine,
    uuid,
    attempts,
    report,
    settledAt,
  });
}

/** Keeps nothing of a finished task but that it was there. */
export function forget(s: SchedulerState, record: FinishedRecord): void {
  checkMove(s, record, "forget");
  s.retention.remove(record);
  record.session.tasks.take(record.counter);
  record.session.forgotten.add(record.counter);
  s.out.fact({ kind: "task-forgotten", at: s.now, task: record.id });
  retireIfDone(s, record.session);
}

/** Forgets what is over the bounds, and what was only kept because others named it. */
export function enforceRetention(s: SchedulerState): void {
  for (const record of s.toForget) {
    if (s.retention.pinsOf(record) === 0 && record.session.tasks.get(record.counter) === record) forget(s, record);
  }
  s.toForget.length = 0;
  for (let record = s.retention.excess(s.now); record !== null; record = s.retention.excess(s.now)) forget(s, record);
}

/**
 * A session that left and has nothing here is only kept to know its ids again, should it come back: the last
 * `MAX_RETIRED_SESSIONS` of them are.
 */
export function retireIfDone(s: SchedulerState, session: SessionRecord): void {
  if (session.attached || session.tasks.size > 0) return;
  s.retired.add(session);
  if (s.retired.size <= MAX_RETIRED_SESSIONS) return;
  const [oldest] = s.retired;
  if (oldest === undefined) return;
  s.retired.delete(oldest);
  if (oldest.abandoned !== null) s.timers.clear(oldest.abandoned);
  s.forgetSession(oldest);
}
