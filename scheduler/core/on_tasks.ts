/**
 * Events about tasks as clients see them: submitted, to be aborted, to be forgotten.
 *
 * A task id is accepted once. The same id again is answered if it is settled, else ignored.
 * @module
 */
import { abortTask } from "./abort.ts";
import { claimOrphan, dropOrphan } from "./adoption.ts";
import { closeBatch } from "./batches.ts";
import { acceptDependent, isDependent, reconsider } from "./dependencies.ts";
import type { Dependents } from "./dependency_watch.ts";
import type { AbortRequested, KnownOutcome, PurgeRequested, TasksSubmitted } from "./events.ts";
import { wayOf } from "../../protocol/ids.ts";
import type { SystemErrorName, TaskOutcome } from "../../protocol/outcome.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import { pinFor } from "./holding.ts";
import { move } from "./moves.ts";
import { attachSession } from "./on_clients.ts";
import { enqueue, overdue, strangeTargets } from "./queueing.ts";
import { counterOf, type SessionRecord } from "./session_record.ts";
import { forget, settle, systemFailure, tell } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";
import { tellWatchers } from "./watchers.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * A client submitted a batch, or a part of one. All of it is there before any of it is judged, since its tasks may name
 * each other in any order. Ids that are not of its session are ignored.
 */
export function tasksSubmitted(s: SchedulerState, { session: id, specs, agesMs, more, known }: TasksSubmitted): void {
  const session = attachSession(s, id);
  session.batchOpen = more;
  for (const outcome of known) takeKnown(s, session, outcome);
  const fresh: TaskRecord[] = [];
  for (let i = 0; i < specs.length; i++) {
    const spec = specs[i];
    const task = spec === undefined ? null : enter(s, session, spec, agesMs?.[i] ?? 0);
    if (task !== null) fresh.push(task);
  }
  for (const task of fresh) accept(s, task);
  for (const task of fresh) if (task.dependents !== null) cameAtLast(s, task.dependents);
  if (!more) closeBatch(s, session);
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
    for (const record of [...s.retention, ...s.retention.pinned]) purge(s, record);
    return;
  }
  for (const id of ids) {
    const task = s.task(id);
    if (task instanceof FinishedRecord) purge(s, task);
  }
}

/** What a waiting task names stays until that one is settled or ready. */
function purge(s: SchedulerState, record: FinishedRecord): void {
  if (!s.retention.putOffPurge(record)) forget(s, record);
}

/** A task that ended in an earlier life, or before it was submitted: what its client says of it is all there is. */
function takeKnown(s: SchedulerState, session: SessionRecord, known: KnownOutcome): void {
  const { task, ok, engine, engineUuid: uuid, error } = known;
  const counter = counterOf(session.id, task);
  if (counter < 0 || session.forgotten.has(counter)) return;
  if (session.tasks.get(counter) !== undefined) return;
  const orphan = s.orphans.get(task);
  if (orphan !== undefined) dropOrphan(s, orphan);
  const message = "it ended in an earlier life of the controller, or before it was submitted";
  const outcome: TaskOutcome = ok
    ? { kind: "done", value: NO_BYTES }
    : systemFailure((error ?? "EngineError") as SystemErrorName, message);
  const ran = { engine, uuid, attempts: engine === null ? 0 : 1 };
  const record = new FinishedRecord(session, counter, outcome, ran, null, 0, s.now, true);
  session.tasks.set(counter, record);
  s.retention.add(record);
  tellWatchers(s, record);
  const dependents = session.cameAtLast(counter);
  if (dependents === null) return;
  s.settledNow.push({ id: record.id, record, dependents });
  pinFor(s, dependents, record);
}

/** Makes the record of a task that is new here; `null`: it is not. */
function enter(s: SchedulerState, session: SessionRecord, spec: TaskSpec, ageMs: number): TaskRecord | null {
  const counter = counterOf(session.id, spec.id);
  if (counter < 0 || wayOf(counter) !== "balanced") return null;
  const known = session.tasks.get(counter);
  if (known instanceof FinishedRecord) tell(s, known, spec);
  if (known !== undefined) return null;
  if (session.forgotten.has(counter)) {
    answerForgotten(s, session, spec);
    return null;
  }
  const task = new TaskRecord(spec, session, counter, s.nextOrder++, s.now - ageMs);
  session.tasks.set(counter, task);
  task.dependents = session.cameAtLast(counter);
  if (s.options.facts) s.out.fact({ kind: "task-accepted", at: s.now, spec, submittedAt: task.submittedAt });
  return task;
}

function accept(s: SchedulerState, task: TaskRecord): void {
  if (claimOrphan(s, task)) return;
  if (isDependent(task)) return acceptDependent(s, task);
  const refusal = overdue(s, task) ?? strangeTargets(s, task);
  if (refusal !== null) return settle(s, task, "refuse", refusal);
  move(s, task, "accept");
  enqueue(s, task, "applies");
}

/** Those that named a task before it came can be judged now, where it was the last. */
function cameAtLast(s: SchedulerState, dependents: Dependents): void {
  for (const { waits, closed } of dependents) if (!closed && waits.holding) reconsider(s, waits);
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
