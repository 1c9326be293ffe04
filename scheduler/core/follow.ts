/**
 * Where a task that follows others may run, and whether it ever can.
 *
 * Looks at the places that `follow` has found, at the task's targets, and at who declined it. Decides nothing about the
 * task; called by `dependencies.ts` and `queueing.ts`.
 * @module
 */
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { DependencySpec } from "../../protocol/task_spec.ts";
import { lostPlaceOutcome, unreachableOutcome } from "./dependency_errors.ts";
import { isWanted, type TaskWaits } from "./dependency_watch.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { FollowPlaces } from "./follow_places.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** A finished task is one that its follower wants: where that ran is a place. */
export function addPlace(s: SchedulerState, waits: TaskWaits, record: FinishedRecord): void {
  if (waits.places === null) return;
  const { engine, uuid } = record;
  addPlaceAt(waits, record.id, engine, engine === null ? null : s.registry.incarnation(engine, uuid));
}

/** A task ran on this engine: in this process, or (`null`) in one that is not there, or nowhere. */
export function addPlaceAt(waits: TaskWaits, id: TaskId, engine: EngineId | null, place: EngineRecord | null): void {
  waits.places?.add(id, engine, place);
  if (place !== null && waits.places?.alive.has(place)) place.followers.add(waits);
}

/** The places of all that have ended of those it follows. */
export function addPlaces(s: SchedulerState, waits: TaskWaits, spec: DependencySpec): void {
  for (const id of spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord && isWanted(spec, named)) addPlace(s, waits, named);
  }
}

/** The follower has ended: its places need not tell it of their end. */
export function forgetPlaces(waits: TaskWaits): void {
  if (waits.places === null) return;
  for (const place of waits.places.alive.keys()) place.followers.delete(waits);
}

/** Whether it may go somewhere now, as far as `follow` goes. */
export function hasPlace(s: SchedulerState, waits: TaskWaits): boolean {
  const { task, follow, places } = waits;
  if (places === null) return true;
  if (follow !== null && !follow.isMet) return false;
  // What it names has to be kept until it is known where all of it ran.
  if (awaitsHosts(s, waits)) return false;
  return someReachable(task, places);
}

/** In the grace of a new life: a process that ran what it follows may yet come back. */
export function awaitsHosts(s: SchedulerState, { places }: TaskWaits): boolean {
  return s.grace !== null && places !== null && places.someGone;
}

/** Why it can never run where its `follow` ran; `null`: it can, or it may yet. */
export function lostFollow(s: SchedulerState, waits: TaskWaits): TaskOutcome | null {
  const { task, follow, places } = waits;
  if (places === null) return null;
  const { all, lost, alive } = places;
  // Until the hosts of the last life have come back nobody knows which processes are gone.
  if (awaitsHosts(s, waits) && (!all || lost?.kind === "gone")) return null;
  if (all && lost !== null) return lostPlaceOutcome(task, lost, otherThan(s, waits, lost.id));
  const mayGrow = follow !== null && follow.open > 0;
  if (mayGrow && (!all || alive.size === 0)) return null;
  if (someReachable(task, places)) return null;
  if (alive.size === 0) return lost === null ? null : lostPlaceOutcome(task, lost, null);
  return unreachableOutcome(task, [...alive.keys()].map(({ id }) => id), task.lastError);
}

function someReachable(task: TaskRecord, places: FollowPlaces): boolean {
  for (const place of places.alive.keys()) if (isReachable(task, place)) return true;
  return false;
}

function isReachable({ flags: { targets }, declinedOn }: TaskRecord, { id, serial }: EngineRecord): boolean {
  return (targets === null || targets.includes(id)) && !declinedOn?.includes(serial);
}

/** Another task of the dependency, for people to see what is elsewhere. */
function otherThan(s: SchedulerState, { task }: TaskWaits, id: string) {
  return task.flags.follow?.ids.find((one) => one !== id && !(s.task(one) instanceof TaskRecord)) ?? null;
}
