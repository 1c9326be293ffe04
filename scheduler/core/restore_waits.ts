/**
 * The part of `restore.ts` about tasks that wait for tasks: who waits for whom is found again from their ids.
 *
 * In the order in which they began to wait, so that they hear of an end in the same order as they would have.
 * @module
 */
import type { DependencySpec } from "../../protocol/task_spec.ts";
import { type DependencyFlag, DependencyWatch, TaskWaits, withDependent } from "./dependency_watch.ts";
import type { EngineRecord } from "./engine_record.ts";
import { FollowPlaces } from "./follow_places.ts";
import { hold, keepInputs } from "./holding.ts";
import { inputDependency } from "./inputs.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";
import type { PlacesSnapshot, WaitsSnapshot, WatchSnapshot } from "./waits_snapshot.ts";

type EnginesBySerial = ReadonlyMap<number, EngineRecord>;

/** All live tasks, finished ones and engines are there already, and nothing is queued. */
export function restoreWaits(s: SchedulerState, { sessions, purged }: Snapshot, engines: EnginesBySerial): void {
  const waiting: { readonly task: TaskRecord; readonly from: WaitsSnapshot }[] = [];
  for (const { tasks } of sessions) {
    for (const from of tasks) {
      if (from.kind !== "live" || from.waits === null) continue;
      const task = s.task(from.spec.id);
      if (task instanceof TaskRecord) waiting.push({ task, from: from.waits });
    }
  }
  waiting.sort((a, b) => a.from.serial - b.from.serial);
  for (const { task, from } of waiting) task.waits = restoreOne(s, task, from, engines);
  for (const { id, forward } of sessions) restoreForward(s.session(id).forward, s, forward);
  for (const id of purged) {
    const record = s.task(id);
    if (record instanceof FinishedRecord) s.retention.putOffPurge(record);
  }
}

function restoreForward(forward: TaskWaits[], s: SchedulerState, ids: Snapshot["sessions"][number]["forward"]): void {
  for (const id of ids) {
    const task = s.task(id);
    if (task instanceof TaskRecord && task.waits !== null) forward.push(task.waits);
  }
}

function restoreOne(s: SchedulerState, task: TaskRecord, from: WaitsSnapshot, engines: EnginesBySerial): TaskWaits {
  const waits = new TaskWaits(task, from.serial);
  waits.isForward = from.isForward;
  waits.deadline = from.deadline;
  waits.after = restoreWatch(s, waits, "after", from.after);
  // In the order in which they were made: so each hears of an end when it would have.
  waits.inputs = restoreInputs(s, waits, from);
  waits.follow = restoreWatch(s, waits, "follow", from.follow);
  if (from.places !== null) waits.places = restorePlaces(waits, from.places, engines);
  if (from.keepsInputs) keepInputs(s, waits);
  if (from.holding) hold(s, waits);
  return waits;
}

function restoreWatch(
  s: SchedulerState,
  waits: TaskWaits,
  flag: "after" | "follow",
  from: WatchSnapshot | null,
): DependencyWatch | null {
  const spec = waits.task.flags[flag];
  return spec === null || from === null ? null : watchAgain(s, waits, flag, spec, from, true);
}

/** Those of a task that was adopted may be unknown, and are not to come. */
function restoreInputs(s: SchedulerState, waits: TaskWaits, from: WaitsSnapshot): DependencyWatch | null {
  const spec = inputDependency(waits.task.spec);
  if (spec === null || from.inputs === null) return null;
  return watchAgain(s, waits, "inputs", spec, from.inputs, from.holding);
}

function watchAgain(
  s: SchedulerState,
  waits: TaskWaits,
  flag: DependencyFlag,
  spec: DependencySpec,
  from: WatchSnapshot,
  mayMiss: boolean,
): DependencyWatch {
  const watch = new DependencyWatch(waits, flag, spec);
  Object.assign(watch, from);
  for (const id of spec.ids) {
    const named = s.task(id);
    if (named instanceof TaskRecord) named.dependents = withDependent(named.dependents, watch);
    else if (named === null && mayMiss && waits.task.session.mayCome(id)) {
      waits.missing++;
      waits.task.session.awaitMissing(id, watch);
    }
  }
  return watch;
}

function restorePlaces(
  waits: TaskWaits,
  { alive, lost, someGone }: PlacesSnapshot,
  engines: EnginesBySerial,
): FollowPlaces {
  const places = new FollowPlaces(waits.task.flags.follow?.all ?? true);
  for (const [serial, id] of alive) {
    const place = engines.get(serial);
    if (place === undefined) continue;
    places.add(id, place.id, place);
    place.followers.add(waits);
  }
  places.lost = lost;
  places.someGone = someGone;
  return places;
}
