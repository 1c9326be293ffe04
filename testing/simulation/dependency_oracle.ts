/**
 * What a dependency is at a moment, straight from the truth table: sets and loops, nothing of the core's.
 *
 * Where the promise leaves a choice (a cycle that an `any` could break, say) it says "either", and the rules let both
 * pass. Pure; used by the rules.
 * @module
 */
import { DIRECT_COUNTERS_FROM, type EngineUuid, type TaskId } from "../../protocol/ids.ts";
import type { DependencySpec } from "../../protocol/task_spec.ts";
import type { LedgerTask } from "./ledger_records.ts";

/** What the oracle looks at. */
export interface DependencyView {
  task(id: TaskId): LedgerTask | undefined;
  /** Whether this process of an engine is there; `null`: it may still come back from an earlier life. */
  isAlive(uuid: EngineUuid): boolean | null;
  /** Whether its own restrictions let the task run on this process. */
  allows(task: LedgerTask, uuid: EngineUuid): boolean;
  /** A part of the batch of this task is still to come, and the id may be in it. */
  mayStillCome(task: LedgerTask, id: TaskId): boolean;
  /** A life that has just begun: not all clients are back with what they wait for. */
  readonly inGrace: boolean;
}

/** `either`: the promise does not say. */
export type DependencyState = "met" | "waiting" | "impossible" | "invalid" | "either";

/** What both dependencies of a task come to. */
export function dependencyState(task: LedgerTask, view: DependencyView): DependencyState {
  // Judged when its batch is complete, or before.
  if (namedBy(task).some((id) => id !== task.id && view.task(id) === undefined && view.mayStillCome(task, id))) {
    return "either";
  }
  const after = task.afterMet ? "met" : afterState(task, task.flags.after, view);
  if (after === "met") task.afterMet = true;
  const follow = followState(task, view);
  const inputs = inputsState(task, view);
  for (const state of ["invalid", "either", "impossible", "waiting"] as const) {
    if (after === state || follow === state || inputs === state) return state;
  }
  return "met";
}

/** The processes on which `follow` lets the task run; `null`: on all. */
export function followedEngines(task: LedgerTask, view: DependencyView): ReadonlySet<EngineUuid> | null {
  const { follow } = task.flags;
  if (follow === null || follow.ids.length === 0) return null;
  const sentTo = task.sentTo === null ? [] : [task.sentTo];
  const uuids = (ids: readonly TaskId[]) => ids.flatMap((id) => view.task(id)?.uuid ?? []);
  if (!follow.all) return new Set([...sentTo, ...uuids(follow.ids.filter((id) => counts(follow, view.task(id))))]);
  const all = new Set(uuids(follow.ids));
  return new Set([...sentTo, ...all.size === 1 ? all : []]);
}

/** Names an id that it must not: `null` where it names none. */
export function invalidId(task: LedgerTask, view: DependencyView): TaskId | null {
  for (const dependency of [task.flags.after, task.flags.follow, inputsOf(task)]) {
    for (const id of dependency?.ids ?? []) if (isInvalid(task, id, view)) return id;
  }
  return null;
}

function isInvalid(task: LedgerTask, id: TaskId, view: DependencyView): boolean {
  if (id === task.id || Number(id.slice(id.lastIndexOf("-") + 1)) >= DIRECT_COUNTERS_FROM) return true;
  const named = view.task(id);
  return named === undefined ? !view.mayStillCome(task, id) : named.forgottenInStep < task.acceptedInStep;
}

/** The table, on all tasks that are named. */
function afterState(task: LedgerTask, dependency: DependencySpec | null, view: DependencyView): DependencyState {
  if (dependency === null || dependency.ids.length === 0) return "met";
  const { ids, all, success, failure } = dependency;
  if (ids.some((id) => isInvalid(task, id, view))) return view.inGrace ? "either" : "invalid";
  const named = ids.map((id) => view.task(id));
  const settled = named.filter((one) => one !== undefined && one.status !== "open");
  const fitting = settled.filter((one) => counts(dependency, one));
  const isFull = settled.length === ids.length;
  if (all) {
    if (fitting.length < settled.length && !(success && failure)) return "impossible";
    return isFull ? "met" : "waiting";
  }
  if (fitting.length > 0) return "met";
  return isFull ? "impossible" : "waiting";
}

/** It wants all of them to succeed. What ran in an earlier life was given them there. */
function inputsState(task: LedgerTask, view: DependencyView): DependencyState {
  const state = afterState(task, inputsOf(task), view);
  return state !== "met" && (task.adopted || task.isUnsure) ? "either" : state;
}

function inputsOf({ spec: { inputs = [] } }: LedgerTask): DependencySpec {
  return { ids: inputs.filter((input) => typeof input === "string"), all: true, success: true, failure: false };
}

function followState(task: LedgerTask, view: DependencyView): DependencyState {
  const { follow } = task.flags;
  if (follow === null || follow.ids.length === 0) return "met";
  if (task.sentTo !== null) return "either";
  const base = afterState(task, follow, view);
  if (base === "invalid" || base === "impossible" || base === "either") return base;
  const state = placeState(task, follow, base, view);
  return state === "impossible" && view.inGrace ? "either" : state;
}

/** Whether there is, or may be, an engine that ran what is followed. */
function placeState(
  task: LedgerTask,
  follow: DependencySpec,
  base: DependencyState,
  view: DependencyView,
): DependencyState {
  const fitting = follow.ids.map((id) => view.task(id)).filter((one) => one !== undefined && counts(follow, one));
  const places = fitting.map((one) => one?.uuid ?? null);
  const alive = places.map((uuid) => uuid === null ? false : view.isAlive(uuid));
  const allowed = places.map((uuid) => uuid !== null && view.allows(task, uuid));
  if (follow.all) {
    if (alive.includes(false) || new Set(places).size > 1) return "impossible";
    return alive.includes(null) || allowed.includes(false) ? "either" : base;
  }
  if (places.some((_, i) => alive[i] === true && allowed[i])) return "met";
  if (alive.includes(null)) return "either";
  const isFull = follow.ids.every((id) => (view.task(id)?.status ?? "open") !== "open");
  if (!isFull) return "waiting";
  return alive.includes(true) ? "either" : "impossible";
}

/** Whether what became of it is what the dependency asks for. */
function counts({ success, failure }: DependencySpec, task: LedgerTask | undefined): boolean {
  if (task === undefined || task.status === "open") return false;
  return task.completed ? success : failure;
}

/** Whether the task waits, over any number of others, for itself. */
export function isOnCycle(task: LedgerTask, view: DependencyView): boolean {
  const seen = new Set<TaskId>();
  const stack = namedBy(task);
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (id === task.id) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    const named = view.task(id);
    if (named !== undefined) stack.push(...namedBy(named));
  }
  return false;
}

function namedBy(task: LedgerTask): TaskId[] {
  return [...task.flags.after?.ids ?? [], ...task.flags.follow?.ids ?? [], ...inputsOf(task).ids];
}
