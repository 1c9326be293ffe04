/**
 * Makes a scheduler of a snapshot: the same events from here on give the same effects as they would have there.
 *
 * Rebuilds the structures from the data, in an order in which every tie falls as it did. Called by the shell after a
 * restart with a journal, and by tests.
 * @module
 */
import type { HostId, Incarnation, TaskId } from "../../protocol/ids.ts";
import { GuardedScheme } from "./custom_scheme.ts";
import { EngineRecord, HostRecord } from "./engine_record.ts";
import { nearestPlace } from "./inputs.ts";
import { IntervalSet } from "./interval_set.ts";
import type { Orphan } from "./orphan.ts";
import { coreOver } from "./scheduler.ts";
import type { CustomScheme, SchedulerCore } from "./scheduler_core.ts";
import { SessionRecord } from "./session_record.ts";
import {
  type EngineSnapshot,
  type FinishedTaskSnapshot,
  type LiveTaskSnapshot,
  type SessionSnapshot,
  type Snapshot,
  SNAPSHOT_SCHEMA,
  type TimerSnapshot,
} from "./snapshot.ts";
import { restoreWaits } from "./restore_waits.ts";
import { SchedulerState } from "./state.ts";
import { Attempt, FinishedRecord, TaskRecord } from "./task_record.ts";
import type { Timer } from "./timers.ts";

/**
 * A scheduler that goes on where the snapshot was taken. Throws `RangeError` for a schema it does not know, `TypeError`
 * where the scheme is `custom` and not given.
 */
export function restoreScheduler(snapshot: Snapshot, custom: CustomScheme | null = null): SchedulerCore {
  return coreOver(restoreState(snapshot, custom));
}

/** The state behind it. */
export function restoreState(snapshot: Snapshot, custom: CustomScheme | null = null): SchedulerState {
  if (snapshot.schema !== SNAPSHOT_SCHEMA) {
    throw new RangeError(
      `Cannot restore a snapshot of schema ${snapshot.schema}: this version reads schema ${SNAPSHOT_SCHEMA}; ` +
        `use the version that wrote it`,
    );
  }
  const s = new SchedulerState(snapshot.options, snapshot.randomState, custom);
  restoreCounters(s, snapshot);
  for (const session of snapshot.sessions) restoreSession(s, session);
  for (const id of snapshot.retired) s.retired.add(s.session(id));
  for (const id of [...snapshot.retention, ...snapshot.pinned]) s.retention.add(finished(s, id));
  for (const [task, watchers] of snapshot.watchers) s.watchers.set(task, new Set(watchers));
  for (const orphan of snapshot.orphans) s.orphans.set(orphan.id, { ...orphan, attempt: null, timer: null });
  const engines = restoreEngines(s, snapshot);
  restoreWaits(s, snapshot, engines);
  restoreQueue(s);
  restorePool(s, snapshot, engines);
  for (const timer of snapshot.timers) restoreTimer(s, timer, engines, snapshot.grace);
  return s;
}

function restoreCounters(s: SchedulerState, snapshot: Snapshot): void {
  s.began = snapshot.began;
  s.now = snapshot.now;
  s.wakeAt = snapshot.wakeAt ?? Infinity;
  s.nextOrder = snapshot.nextOrder;
  s.nextNumber = snapshot.nextNumber;
  s.nextSession = snapshot.nextSession;
  s.nextWait = snapshot.nextWait;
  s.assignments = snapshot.assignments;
}

function restoreSession(s: SchedulerState, from: SessionSnapshot): void {
  const session = new SessionRecord(from.id, from.serial, s.now);
  session.attached = from.attached;
  session.behind = from.behind;
  session.engineHost = from.engineHost;
  session.served = from.served;
  session.batchOpen = from.batchOpen;
  session.forgotten = IntervalSet.from(from.forgotten);
  s.sessions.set(session.id, session);
  for (const task of from.tasks) {
    const record = task.kind === "live" ? liveTask(session, task) : finishedTask(session, task);
    session.tasks.set(task.counter, record);
    if (record.state === "waiting" || record.state === "ready" || record.state === "assigned") s.counts[record.state]++;
  }
}

function liveTask(session: SessionRecord, from: LiveTaskSnapshot): TaskRecord {
  const task = new TaskRecord(from.spec, session, from.counter, from.order, from.submittedAt);
  task.state = from.state;
  task.attempts = from.attempts;
  task.failures = from.failures;
  task.failedOn = from.failedOn;
  task.declinedOn = from.declinedOn;
  task.lastFailure = from.lastFailure;
  task.lastPlace = from.lastPlace;
  task.lastError = from.lastError;
  return task;
}

function finishedTask(session: SessionRecord, from: FinishedTaskSnapshot): FinishedRecord {
  const { counter, outcome, report, argBytes, settledAt, delivered, chunked } = from;
  const record = new FinishedRecord(session, counter, outcome, from, report, argBytes, settledAt, delivered, chunked);
  record.keptSince = from.keptSince;
  return record;
}

function restoreEngines(s: SchedulerState, snapshot: Snapshot): ReadonlyMap<number, EngineRecord> {
  for (const { id, incarnation, reachable } of snapshot.hosts) {
    const host = new HostRecord(id, incarnation);
    host.reachable = reachable;
    s.registry.hosts.set(id, host);
  }
  for (const { id, host } of snapshot.slots) s.registry.claim(hostOf(s, host), id);
  s.registry.nextId = snapshot.nextEngineId;
  s.registry.nextSerial = snapshot.nextSerial;
  const engines = new Map<number, EngineRecord>();
  for (const engine of snapshot.engines) engines.set(engine.serial, restoreEngine(s, engine));
  return engines;
}

function restoreEngine(s: SchedulerState, from: EngineSnapshot): EngineRecord {
  const engine = new EngineRecord(from.serial, from, hostOf(s, from.host), s.options.hwm);
  engine.alive = from.alive;
  engine.draining = from.draining;
  engine.usedAt = from.usedAt;
  engine.heardAt = from.heardAt;
  if (engine.alive) found(s.registry.slots.get(engine.id), `slot ${engine.id}`).current = engine;
  if (from.hasHeir) found(s.registry.slots.get(engine.id), `slot ${engine.id}`).previous = engine;
  for (const { epoch, number, task: taskId, orphan: orphanId, expectedUs, calledBack, slot } of from.inFlight) {
    const attempt = new Attempt(epoch, number, engine, taskId === null ? null : live(s, taskId), expectedUs);
    attempt.calledBack = calledBack;
    attempt.slot = slot;
    if (attempt.task !== null) attempt.task.attempt = attempt;
    if (orphanId !== null) {
      attempt.orphan = orphanOf(s, orphanId);
      attempt.orphan.attempt = attempt;
    }
    engine.add(attempt);
    s.dispatches.add(attempt);
  }
  return engine;
}

/** Free engines lie as they lay; the rest of what the pool knows follows from the engines. */
function restorePool(s: SchedulerState, snapshot: Snapshot, engines: ReadonlyMap<number, EngineRecord>): void {
  const { pool } = s.placement;
  pool.refill(snapshot.pool.map((serial) => found(engines.get(serial), `engine ${serial}`)));
  for (const engine of engines.values()) if (!pool.has(engine)) pool.refresh(engine);
  pool.hasNews = snapshot.engineNews;
  s.placement.putAsideAgain(snapshot.putAside);
  s.estimates.restore(snapshot.estimates);
  if (s.scheme instanceof GuardedScheme) s.scheme.offences = snapshot.schemeOffences;
}

function restoreQueue(s: SchedulerState): void {
  const ready: TaskRecord[] = [];
  for (const { tasks } of s.sessions.values()) {
    for (const task of tasks) if (task instanceof TaskRecord && task.state === "ready") ready.push(task);
  }
  ready.sort((a, b) => a.order - b.order);
  for (const task of ready) {
    task.near = nearestPlace(s, task.spec);
    s.placement.push(task);
  }
}

function restoreTimer(
  s: SchedulerState,
  from: TimerSnapshot,
  engines: ReadonlyMap<number, EngineRecord>,
  grace: Snapshot["grace"],
): void {
  switch (from.kind) {
    case "deadline":
    case "pause": {
      const task = live(s, from.id);
      task[from.kind] = s.timers.set(from.at, { kind: from.kind, task });
      return;
    }
    case "unclaimed": {
      const orphan = orphanOf(s, from.id);
      orphan.timer = s.timers.set(from.at, { kind: "unclaimed", orphan });
      return;
    }
    case "abandoned-batch": {
      const session = s.session(from.session);
      session.abandoned = s.timers.set(from.at, { kind: "abandoned-batch", session });
      return;
    }
    case "overdue-reports": {
      const engine = found(engines.get(from.serial), `engine ${from.serial}`);
      engine.overdue = s.timers.set(from.at, { kind: "overdue-reports", engine });
      return;
    }
    case "call-back":
      s.callBack = s.timers.set(from.at, { kind: "call-back" });
      return;
    case "grace":
      return restoreGrace(s, s.timers.set(from.at, { kind: "grace" }), grace);
  }
}

function restoreGrace(s: SchedulerState, timer: Timer, from: Snapshot["grace"]): void {
  if (from === null) return;
  const requests = from.requests.map(({ host, isCurrent, count, request }) => {
    // One that was lost since stays apart from the one that has its name now.
    const record = isCurrent ? hostOf(s, host) : new HostRecord(host, "" as Incarnation);
    return { host: record, count, request };
  });
  const followers = from.followers.flatMap((id) => live(s, id).waits ?? []);
  s.grace = { awaited: new Set(from.awaited), requests, followers, timer };
}

function hostOf(s: SchedulerState, id: HostId): HostRecord {
  return found(s.registry.hosts.get(id), `host "${id}"`);
}

function orphanOf(s: SchedulerState, id: TaskId): Orphan {
  return found(s.orphans.get(id), `unclaimed attempt of "${id}"`);
}

function live(s: SchedulerState, id: TaskId): TaskRecord {
  const task = s.task(id);
  return found(task instanceof TaskRecord ? task : undefined, `live task "${id}"`);
}

function finished(s: SchedulerState, id: TaskId): FinishedRecord {
  const task = s.task(id);
  return found(task instanceof FinishedRecord ? task : undefined, `finished task "${id}"`);
}

function found<Thing>(thing: Thing | undefined, name: string): Thing {
  if (thing === undefined) {
    throw new RangeError(`Cannot restore the snapshot: it names ${name} but does not contain it`);
  }
  return thing;
}
