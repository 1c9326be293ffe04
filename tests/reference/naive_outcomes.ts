/**
 * What follows from what: dependencies that are met or impossible, cycles, places that are gone. A fixpoint: everything
 * is looked at again until nothing changes.
 *
 * Called by the handlers of events, after everything that happened.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { verdictOf } from "./naive_dependency.ts";
import { canNeverRun, hasPlace } from "./naive_places.ts";
import { type NaiveTask, namedBy, waitedFor } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";
import { READINGS } from "./readings.ts";

/** Fixes the outcome of a task, and tells its client if that is there. */
export function settle(w: NaiveWorld, task: NaiveTask, outcome: string): void {
  if (task.state === "settled") throw new Error(`The reference settles "${task.id}" twice`);
  noteNamed(w, task);
  task.state = "settled";
  task.outcome = outcome;
  task.keptSince = w.now;
  w.settled.push(task);
  if (!task.client.isAttached) return;
  task.isTold = true;
  tell(w, task);
}

/** Tells a client what became of its task. */
export function tell(w: NaiveWorld, { id, outcome, attempts }: NaiveTask): void {
  w.told.push({ task: id, outcome: outcome ?? "", attempts });
}

/** Draws every conclusion, until there is none. What is left and waits for itself then waits for ever. */
export function conclude(w: NaiveWorld): void {
  while (concludeOnce(w) || failCycles(w)) { /* again */ }
}

function failCycles(w: NaiveWorld): boolean {
  const circular = tasksOnCycles(w).filter(({ client }) => !client.isMidBatch);
  for (const task of circular) settle(w, task, "ImpossibleDependency");
  return circular.length > 0;
}

function concludeOnce(w: NaiveWorld): boolean {
  const [completed, failed] = [w.completed, w.failed];
  let hasChanged = false;
  for (const task of w.tasks.values()) {
    if (task.state === "settled" || task.state === "assigned") continue;
    hasChanged = judge(w, task, completed, failed) || hasChanged;
  }
  return hasChanged;
}

function judge(w: NaiveWorld, task: NaiveTask, completed: Set<TaskId>, failed: Set<TaskId>): boolean {
  if (task.state === "waiting" && judgeDependencies(w, task, completed, failed)) return true;
  if (judgePlaces(w, task)) return true;
  if (task.state !== "ready" || hasPlace(w, task)) return false;
  // Others may still run where it can go: it waits for them.
  task.state = "waiting";
  return true;
}

function judgePlaces(w: NaiveWorld, task: NaiveTask): boolean {
  const isJudged = task.state === "ready" || (task.state === "waiting" && READINGS.waitingIsDoomedAtOnce) ||
    (task.state === "paused" && READINGS.pausedIsDoomedAtOnce);
  if (!isJudged || !canNeverRun(w, task)) return false;
  // The error that it ended with, if it ran, is more than that it can't run again.
  settle(w, task, task.lastFailure ?? "ImpossibleDependency");
  return true;
}

function judgeDependencies(w: NaiveWorld, task: NaiveTask, completed: Set<TaskId>, failed: Set<TaskId>): boolean {
  if (hasUnknown(w, task)) return false;
  const verdicts = [task.flags.after, task.flags.follow].map((spec) =>
    spec === null ? "met" : verdictOf(spec, new Set(spec.ids), completed, failed)
  );
  if (verdicts.includes("impossible")) settle(w, task, "ImpossibleDependency");
  else if (verdicts.every((verdict) => verdict === "met") && hasPlace(w, task)) letGo(w, task);
  else return false;
  return true;
}

function letGo(w: NaiveWorld, task: NaiveTask): void {
  noteNamed(w, task);
  task.state = "ready";
  task.isReleased = true;
}

/** The age of what it named may count from now: nobody can tell for how short a while it waited in a step. */
function noteNamed(w: NaiveWorld, task: NaiveTask): void {
  for (const id of namedBy(task)) {
    const named = w.tasks.get(id);
    if (named !== undefined) named.namedUntil = w.now;
  }
}

/** Whether it names an id that may still come. */
export function hasUnknown(w: NaiveWorld, task: NaiveTask): boolean {
  return namedBy(task).some((id) => !w.tasks.has(id));
}

/** Tasks that lie on a cycle of references among those that wait: each can be reached from itself. */
function tasksOnCycles(w: NaiveWorld): NaiveTask[] {
  const waiting = [...w.tasks.values()].filter(({ state }) => state === "waiting");
  return waiting.filter((task) => reachableFrom(w, task).has(task.id));
}

function reachableFrom(w: NaiveWorld, start: NaiveTask): Set<TaskId> {
  const found = new Set<TaskId>();
  const toVisit = [start];
  for (let task = toVisit.pop(); task !== undefined; task = toVisit.pop()) {
    for (const id of waitedFor(task)) {
      const next = w.tasks.get(id);
      if (next === undefined || next.state !== "waiting" || found.has(id)) continue;
      found.add(id);
      toVisit.push(next);
    }
  }
  return found;
}
