/**
 * Events about tasks as clients see them: submitted, to be aborted, to be forgotten.
 *
 * A task id is accepted once. The same id again is answered if it is settled, else ignored.
 * @module
 */
import { abortTask } from "./abort.ts";
import { claimOrphan } from "./adoption.ts";
import type { AbortRequested, PurgeRequested, TasksSubmitted } from "./events.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import { move } from "./moves.ts";
import { attachSession } from "./on_clients.ts";
import { deadlineOf, enqueue, expiredOutcome } from "./queueing.ts";
import { counterOf, type SessionRecord } from "./session_record.ts";
import { forget, settle, systemFailure, tell } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** A client submitted a batch. Ids that are not of its session are ignored. */
export function tasksSubmitted(s: SchedulerState, { session: id, specs, agesMs }: TasksSubmitted): void {
  const session = attachSession(s, id);
  for (let i = 0; i < specs.length; i++) {
    const spec = specs[i];
    if (spec !== undefined) submit(s, session, spec, agesMs?.[i] ?? 0);
  }
}

/** Somebody wants tasks aborted. */
export function abortRequested(s: SchedulerState, { ids }: AbortRequested): void {
  for (const id of ids) {
    const task = s.task(id);
    if (task instanceof TaskRecord) abortTask(s, task);
  }
}

/** Somebody wants finished tasks forgotten. */
export function purgeRequested(s: SchedulerState, { ids }: PurgeRequested): void {
  if (ids === null) {
    for (const record of [...s.retention]) forget(s, record);
    return;
  }
  for (const id of ids) {
    const task = s.task(id);
    if (task instanceof FinishedRecord) forget(s, task);
  }
}

function submit(s: SchedulerState, session: SessionRecord, spec: TaskSpec, ageMs: number): void {
  const counter = counterOf(session.id, spec.id);
  if (counter < 0) return;
  const known = session.tasks.get(counter);
  if (known instanceof FinishedRecord) return tell(s, known, spec);
  if (known !== undefined) return;
  if (session.forgotten.has(counter)) return answerForgotten(s, session, spec);
  accept(s, new TaskRecord(spec, session, counter, s.nextOrder++, s.now - ageMs));
}

function accept(s: SchedulerState, task: TaskRecord): void {
  task.session.tasks.set(task.counter, task);
  const { spec, submittedAt } = task;
  if (s.options.facts) s.out.fact({ kind: "task-accepted", at: s.now, spec, submittedAt });
  if (claimOrphan(s, task)) return;
  const refusal = refusalOf(s, task);
  if (refusal !== null) return settle(s, task, "refuse", refusal);
  move(s, task, "accept");
  enqueue(s, task, "applies");
}

/** Why a fresh task fails at once; `null`: it does not. */
function refusalOf(s: SchedulerState, task: TaskRecord): TaskOutcome | null {
  const { after, follow } = task.flags;
  if (after !== null || follow !== null) {
    const flag = after !== null ? "after" : "follow";
    return systemFailure(
      "InvalidDependency",
      `Cannot run task "${task.id}" with the flag "${flag}": dependencies are not supported yet; submit it without`,
    );
  }
  return deadlineOf(task) <= s.now ? expiredOutcome(task) : null;
}

/** It ran and was settled once: it never runs twice, and what became of it is not known any more. */
function answerForgotten(s: SchedulerState, session: SessionRecord, { id }: TaskSpec): void {
  const outcome = systemFailure(
    "InvalidDependency",
    `Cannot accept task "${id}" again: it was settled before and is forgotten; submit it under a new id`,
  );
  s.out.effect({
    kind: "settle",
    session: session.id,
    task: id,
    outcome,
    engine: null,
    uuid: null,
    attempts: 0,
    report: null,
    settledAt: s.now,
  });
}
