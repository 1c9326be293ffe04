/**
 * What is kept ready for a task while it waits for others: the finished tasks that it names, and who is to be told of it.
 *
 * A task is held from the moment it waits until it is ready or settled. Called by `dependencies.ts`, `queueing.ts` and
 * `settlement.ts`.
 * @module
 */
import type { DependencyWatch, TaskWaits } from "./dependency_watch.ts";
import { forgetPlaces } from "./follow.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** It waits now: no finished task that it names is forgotten meanwhile. */
export function hold(s: SchedulerState, waits: TaskWaits): void {
  waits.holding = true;
  const pin = (record: FinishedRecord) => s.retention.pin(record);
  for (const watch of [waits.after, waits.follow]) {
    // Mostly none has ended when a task begins to wait.
    if (watch !== null && watch.open < watch.spec.ids.length) forEachEnded(s, watch, pin);
  }
  for (const id of waits.task.flags.targets ?? []) s.waitingTargets.add(id, waits.task);
}

/** It waits no more. */
export function letGo(s: SchedulerState, waits: TaskWaits): void {
  if (!waits.holding) return;
  const unpin = (record: FinishedRecord) => {
    if (s.retention.unpin(record, s.now)) s.toForget.push(record);
  };
  forEachEnded(s, waits.after, unpin);
  forEachEnded(s, waits.follow, unpin);
  for (const id of waits.task.flags.targets ?? []) s.waitingTargets.delete(id, waits.task);
  waits.holding = false;
}

/** A task that is watched has ended: those who wait go on naming it. */
export function pinFor(s: SchedulerState, watches: readonly DependencyWatch[], record: FinishedRecord): void {
  for (const { closed, waits } of watches) if (!closed && waits.holding) s.retention.pin(record);
}

/** Nothing is to be told to it by this dependency any more. */
export function closeWatch(s: SchedulerState, watch: DependencyWatch): void {
  if (watch.closed) return;
  watch.closed = true;
  if (watch.open === 0) return;
  for (const id of watch.spec.ids) {
    const named = s.task(id);
    if (named instanceof TaskRecord) named.dependents?.closedOne();
  }
}

/** The task has ended. */
export function endWaits(s: SchedulerState, waits: TaskWaits): void {
  letGo(s, waits);
  if (waits.after !== null) closeWatch(s, waits.after);
  if (waits.follow !== null) closeWatch(s, waits.follow);
  forgetPlaces(waits);
}

/** Finished tasks that a dependency names, for as long as it is watched. */
function forEachEnded(s: SchedulerState, watch: DependencyWatch | null, act: (record: FinishedRecord) => void): void {
  if (watch === null || watch.closed) return;
  for (const id of watch.spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) act(named);
  }
}
