/**
 * A scheduler as plain data: everything that decides what it does next, and nothing else.
 *
 * Specs, outcomes and reports are shared with the running core, never copied: they don't change. The data can be cloned
 * and stored; `restore.ts` makes a core of it that goes on exactly from here. Stories are left out.
 * @module
 */
import type { DispatchNumber, EngineId, Epoch, HostId, Incarnation, Session, TaskId } from "../../protocol/ids.ts";
import type { AttemptReport, TaskOutcome } from "../../protocol/outcome.ts";
import type { Payload, TaskSpec } from "../../protocol/task_spec.ts";
import { GuardedScheme } from "./custom_scheme.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { EstimateSnapshot } from "./estimates.ts";
import type { EndedAttempt, ReadyEngine } from "./events.ts";
import type { SchedulerOptions } from "./scheduler_core.ts";
import type { SessionRecord } from "./session_record.ts";
import type { SchedulerState } from "./state.ts";
import { type Attempt, type AttemptPlace, FinishedRecord, type TaskRecord } from "./task_record.ts";
import type { Timer } from "./timers.ts";
import type { TaskState } from "./transitions.ts";
import { type WaitsSnapshot, waitsSnapshot } from "./waits_snapshot.ts";

/** Raised whenever an older reader would misread it. */
export const SNAPSHOT_SCHEMA = 3;

/** An attempt in flight. Both `null`: its task was aborted. */
export interface AttemptSnapshot {
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  readonly task: TaskId | null;
  readonly orphan: TaskId | null;
  readonly expectedUs: number;
  readonly calledBack: boolean;
  readonly slot: Attempt["slot"];
}

/** One incarnation of an engine. */
export interface EngineSnapshot extends ReadyEngine {
  readonly serial: number;
  readonly alive: boolean;
  readonly draining: boolean;
  /** It is dead, and what it has in flight waits for the next process under its id. */
  readonly hasHeir: boolean;
  readonly usedAt: number;
  readonly heardAt: number;
  readonly inFlight: readonly AttemptSnapshot[];
}

/** A task that is not settled. Its group, attempt and timers follow from the rest. */
export interface LiveTaskSnapshot {
  readonly kind: "live";
  readonly spec: TaskSpec;
  readonly counter: number;
  readonly order: number;
  readonly submittedAt: number;
  readonly state: TaskState;
  readonly attempts: number;
  readonly failures: number;
  readonly failedOn: readonly number[] | null;
  readonly declinedOn: readonly number[] | null;
  readonly lastFailure: TaskOutcome | null;
  readonly lastPlace: AttemptPlace | null;
  readonly lastError: Payload | null;
  readonly waits: WaitsSnapshot | null;
}

/** A settled task that is kept. */
export interface FinishedTaskSnapshot {
  readonly kind: "finished";
  readonly counter: number;
  readonly outcome: TaskOutcome;
  readonly engine: FinishedRecord["engine"];
  readonly uuid: FinishedRecord["uuid"];
  readonly attempts: number;
  readonly report: AttemptReport | null;
  readonly argBytes: number;
  readonly settledAt: number;
  readonly delivered: boolean;
  readonly chunked: boolean;
  readonly keptSince: number;
}

/** A client session and its tasks. */
export interface SessionSnapshot {
  readonly id: Session;
  readonly serial: number;
  readonly attached: boolean;
  readonly behind: boolean;
  readonly engineHost: HostId | null;
  readonly served: number;
  readonly forgotten: readonly (readonly [number, number])[];
  /** More of a batch is to come. */
  readonly batchOpen: boolean;
  /** Tasks of it that name later ones. */
  readonly forward: readonly TaskId[];
  /** Ascending by counter. */
  readonly tasks: readonly (LiveTaskSnapshot | FinishedTaskSnapshot)[];
}

/** An attempt of an earlier life that nobody has claimed; with `ended` `null` it is still in flight. */
export interface OrphanSnapshot {
  readonly id: TaskId;
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  readonly host: HostId;
  readonly engine: EngineId;
  readonly uuid: ReadyEngine["uuid"] | null;
  readonly ordinal: number;
  readonly ended: EndedAttempt | null;
}

/** `id` names the task, `serial` the engine. */
export type TimerSnapshot =
  | { readonly kind: "deadline" | "pause" | "unclaimed"; readonly at: number; readonly id: TaskId }
  | { readonly kind: "abandoned-batch"; readonly at: number; readonly session: Session }
  | { readonly kind: "overdue-reports"; readonly at: number; readonly serial: number }
  | { readonly kind: "grace" | "call-back"; readonly at: number };

/** A host that waits for engine ids until the grace is over. */
export interface NameRequestSnapshot {
  readonly host: HostId;
  /** The host has not been lost since it asked. */
  readonly isCurrent: boolean;
  readonly count: number;
  readonly request: number | null;
}

/** A new life in which nothing is dispatched yet. */
export interface GraceSnapshot {
  readonly awaited: readonly HostId[];
  readonly requests: readonly NameRequestSnapshot[];
  readonly followers: readonly TaskId[];
}

/** A whole scheduler. */
export interface Snapshot {
  readonly schema: number;
  readonly options: SchedulerOptions;
  readonly randomState: number;
  readonly began: boolean;
  readonly now: number;
  /** `null`: no wake-up is asked for. */
  readonly wakeAt: number | null;
  readonly nextOrder: number;
  readonly nextNumber: number;
  readonly nextSession: number;
  readonly nextWait: number;
  readonly assignments: number;
  readonly nextEngineId: number;
  readonly nextSerial: number;
  readonly hosts: readonly { readonly id: HostId; readonly incarnation: Incarnation; readonly reachable: boolean }[];
  readonly slots: readonly { readonly id: EngineId; readonly host: HostId }[];
  /** Alive, or with attempts in flight. */
  readonly engines: readonly EngineSnapshot[];
  /** Serials of the free engines as they lie in the pool. */
  readonly pool: readonly number[];
  /** With `hwm` `auto`: the groups of ready tasks that found no engine when they were looked at last. */
  readonly putAside: readonly string[];
  /** An engine changed since it was found last that nothing can be called back. */
  readonly engineNews: boolean;
  /** Of functions, the one that ended longest ago first. */
  readonly estimates: readonly EstimateSnapshot[];
  /** How often a scheme of somebody's own failed. */
  readonly schemeOffences: number;
  readonly sessions: readonly SessionSnapshot[];
  /** Sessions that left and have no tasks, in the order of leaving. */
  readonly retired: readonly Session[];
  /** Finished tasks in the order in which they are to be forgotten. */
  readonly retention: readonly TaskId[];
  /** Finished tasks that waiting ones name, by id. */
  readonly pinned: readonly TaskId[];
  /** Those of them that are to be forgotten when they are named no more. */
  readonly purged: readonly TaskId[];
  /** Clients that asked for tasks that are not settled. */
  readonly watchers: readonly (readonly [task: TaskId, sessions: readonly Session[]])[];
  readonly orphans: readonly OrphanSnapshot[];
  /** In the order in which they were set. */
  readonly timers: readonly TimerSnapshot[];
  readonly grace: GraceSnapshot | null;
}

/** All of a state between two steps. */
export function takeSnapshot(s: SchedulerState): Snapshot {
  const { options, random, registry, began, now, nextOrder, nextNumber, nextSession, nextWait, assignments } = s;
  return {
    schema: SNAPSHOT_SCHEMA,
    options,
    randomState: random.state,
    began,
    now,
    wakeAt: s.wakeAt === Infinity ? null : s.wakeAt,
    nextOrder,
    nextNumber,
    nextSession,
    nextWait,
    assignments,
    nextEngineId: registry.nextId,
    nextSerial: registry.nextSerial,
    hosts: [...registry.hosts.values()].map(({ id, incarnation, reachable }) => ({ id, incarnation, reachable })),
    slots: [...registry.slots.values()].map(({ id, host }) => ({ id, host: host.id })),
    engines: enginesOf(s).map((engine) => engineSnapshot(s, engine)),
    pool: s.placement.pool.members.map(({ serial }) => serial),
    putAside: options.hwm === "auto" ? s.placement.putAside : [],
    engineNews: s.placement.pool.hasNews,
    estimates: s.estimates.snapshot(),
    schemeOffences: s.scheme instanceof GuardedScheme ? s.scheme.offences : 0,
    sessions: [...s.sessions.values()].map(sessionSnapshot),
    retired: [...s.retired].map(({ id }) => id),
    retention: [...s.retention].map(({ id }) => id),
    pinned: [...s.retention.pinned].map(({ id }) => id).sort(),
    purged: [...s.retention.pinned].filter((record) => s.retention.isPurged(record)).map(({ id }) => id).sort(),
    watchers: [...s.watchers].map(([task, sessions]) => [task, [...sessions]]),
    orphans: [...s.orphans.values()].map(({ id, epoch, number, host, engine, uuid, ordinal, ended }) => (
      { id, epoch, number, host, engine, uuid, ordinal, ended }
    )),
    timers: s.timers.inOrder().map(timerSnapshot),
    grace: graceSnapshot(s),
  };
}

/** Every engine that is alive or has attempts in flight, by serial. */
export function enginesOf(s: SchedulerState): readonly EngineRecord[] {
  const engines = new Set(s.registry.alive());
  for (const { engine } of s.dispatches) engines.add(engine);
  return [...engines].sort((a, b) => a.serial - b.serial);
}

function engineSnapshot(s: SchedulerState, engine: EngineRecord): EngineSnapshot {
  const { serial, id, uuid, host, pid, slots, alive, draining, usedAt, heardAt } = engine;
  const inFlight = [...engine.inFlight].map(({ epoch, number, task, orphan, expectedUs, calledBack, slot }) => (
    { epoch, number, task: task?.id ?? null, orphan: orphan?.id ?? null, expectedUs, calledBack, slot }
  ));
  const hasHeir = s.registry.slots.get(id)?.previous === engine;
  return { serial, id, uuid, host: host.id, pid, slots, alive, draining, hasHeir, usedAt, heardAt, inFlight };
}

function sessionSnapshot(session: SessionRecord): SessionSnapshot {
  const { id, serial, attached, behind, engineHost, served, batchOpen } = session;
  const forgotten = session.forgotten.intervals;
  // The others have ended since, and can't lie on a cycle.
  const forward = session.forward.filter(({ holding }) => holding).map(({ task }) => task.id);
  return {
    id,
    serial,
    attached,
    behind,
    engineHost,
    served,
    forgotten,
    batchOpen,
    forward,
    tasks: [...session.tasks].map(taskSnapshot),
  };
}

function taskSnapshot(task: TaskRecord | FinishedRecord): LiveTaskSnapshot | FinishedTaskSnapshot {
  if (task instanceof FinishedRecord) {
    const { counter, outcome, engine, uuid, attempts, report, argBytes, settledAt, delivered, chunked, keptSince } =
      task;
    const kept = { argBytes, settledAt, delivered, chunked, keptSince };
    return { kind: "finished", counter, outcome, engine, uuid, attempts, report, ...kept };
  }
  const { spec, counter, order, submittedAt, state, attempts, failures } = task;
  const { failedOn, declinedOn, lastFailure, lastPlace, lastError } = task;
  const waits = task.waits === null ? null : waitsSnapshot(task.waits);
  const mutable = { state, attempts, failures, failedOn, declinedOn, lastFailure, lastPlace, lastError, waits };
  return { kind: "live", spec, counter, order, submittedAt, ...mutable };
}

function timerSnapshot({ at, purpose }: Timer): TimerSnapshot {
  switch (purpose.kind) {
    case "deadline":
    case "pause":
      return { kind: purpose.kind, at, id: purpose.task.id };
    case "abandoned-batch":
      return { kind: "abandoned-batch", at, session: purpose.session.id };
    case "unclaimed":
      return { kind: "unclaimed", at, id: purpose.orphan.id };
    case "overdue-reports":
      return { kind: "overdue-reports", at, serial: purpose.engine.serial };
    case "grace":
    case "call-back":
      return { kind: purpose.kind, at };
  }
}

function graceSnapshot({ grace, registry }: SchedulerState): Snapshot["grace"] {
  if (grace === null) return null;
  const requests = grace.requests.map(({ host, count, request }) => (
    { host: host.id, isCurrent: registry.hosts.get(host.id) === host, count, request }
  ));
  const followers = grace.followers.filter(({ task }) => task.state !== "settled").map(({ task }) => task.id);
  return { awaited: [...grace.awaited], requests, followers };
}
