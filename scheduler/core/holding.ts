/**
 * What is kept ready for a task while it waits for others: the finished tasks that it names, and who is to be told of it.
 *
 * A task is held from the moment it waits until it is ready or settled. Called by `dependencies.ts`, `queueing.ts` and
 * `settlement.ts`.
 * @module
 */
import type { DependencyWatch, Dependents, TaskWaits } from "./dependency_watch.ts";
import { forgetPlaces } from "./follow.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** It waits now: no finished task that it names is forgotten meanwhile. */
export function hold(s: SchedulerState, waits: TaskWaits): void {
  waits.holding = true;
  pinNamed(s, waits.after);
  pinNamed(s, waits.follow);
  for (const id of waits.task.flags.targets ?? []) s.waitingTargets.add(id, waits.task);
}

/** It waits no more. */
export function letGo(s: SchedulerState, waits: TaskWaits): void {
  if (!waits.holding) return;
  unpinNamed(s, waits.after);
  unpinNamed(s, waits.follow);
  for (const id of waits.task.flags.targets ?? []) s.waitingTargets.delete(id, waits.task);
  waits.holding = false;
}

/** Its inputs are kept from now on, until it has ended. */
export function keepInputs(s: SchedulerState, waits: TaskWaits): void {
  if (waits.inputs === null || waits.keepsInputs) return;
  waits.keepsInputs = true;
  pinNamed(s, waits.inputs);
}

/** A task that is watched has ended: those who wait go on naming it. */
export function pinFor(s: SchedulerState, dependents: Dependents, record: FinishedRecord): void {
  let times = 0;
  for (let i = 0; i < dependents.size; i++) {
    const { closed, waits, flag } = dependents.at(i);
    if (!closed && (flag === "inputs" ? waits.keepsInputs : waits.holding)) times++;
  }
  s.retention.pin(record, times);
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
  if (waits.keepsInputs) unpinNamed(s, waits.inputs);
  waits.keepsInputs = false;
  for (const watch of waits.watches) closeWatch(s, watch);
  forgetPlaces(waits);
}

/** The finished tasks that a dependency names. */
function pinNamed(s: SchedulerState, watch: DependencyWatch | null): void {
  // Mostly none has ended when a task begins to wait.
  if (watch === null || watch.closed || watch.open === watch.spec.ids.length) return;
  for (const id of watch.spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) s.retention.pin(named);
  }
}

function unpinNamed(s: SchedulerState, watch: DependencyWatch | null): void {
  if (watch === null || watch.closed) return;
  for (const id of watch.spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord && s.retention.unpin(named, s.now)) s.toForget.push(named);
  }
}
