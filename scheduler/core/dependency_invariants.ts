/**
 * What must be true of tasks that wait for tasks, checked the slow way: from the ids and outcomes, by definition.
 *
 * Part of `invariants.ts`; never called while serving.
 * @module
 */
import type { DependencySpec } from "../../protocol/task_spec.ts";
import type { DependencyWatch } from "./dependency_watch.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";

/** Complains of all that is wrong with these live tasks and what they wait for. */
export function checkDependencies(
  s: SchedulerState,
  live: readonly TaskRecord[],
  complain: (what: string) => void,
): void {
  const pins = new Map<FinishedRecord, number>();
  for (const task of live) {
    const { waits } = task;
    if (waits === null) continue;
    if (waits.task !== task) complain(`${task.id} has the dependencies of another`);
    if (waits.holding) checkHeld(s, task, pins, complain);
    if (waits.keepsInputs) countPins(s, waits.inputs, pins);
    if (waits.inputs !== null && !waits.keepsInputs) {
      complain(`the inputs of ${task.id} may be forgotten before it ends`);
    }
    for (const place of waits.places?.alive.keys() ?? []) {
      if (!place.alive) complain(`${task.id} follows to a process that has ended`);
      if (!place.followers.has(waits)) complain(`${task.id} would not hear of the end of engine ${place.id}`);
    }
  }
  for (const record of [...s.retention, ...s.retention.pinned]) {
    const expected = pins.get(record) ?? 0;
    if (s.retention.pinsOf(record) !== expected) {
      complain(`${record.id} is named by ${expected} waiting tasks, counted ${s.retention.pinsOf(record)}`);
    }
  }
  for (const session of s.sessions.values()) {
    if (!session.batchOpen && session.missing.size > 0) complain(`session ${session.id} waits for what never comes`);
  }
}

function checkHeld(
  s: SchedulerState,
  task: TaskRecord,
  pins: Map<FinishedRecord, number>,
  complain: (what: string) => void,
): void {
  let open = 0;
  for (const watch of task.waits?.watches ?? []) {
    if (watch.closed) continue;
    open += checkWatch(s, task, watch, complain);
    if (watch.flag !== "inputs") countPins(s, watch, pins);
  }
  if (open === 0 && s.grace === null) complain(`${task.id} waits for nothing`);
}

/** The finished tasks that it names are each kept once more. */
function countPins(s: SchedulerState, watch: DependencyWatch | null, pins: Map<FinishedRecord, number>): void {
  for (const id of watch?.spec.ids ?? []) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) pins.set(named, (pins.get(named) ?? 0) + 1);
  }
}

/** How many of its tasks have not ended. */
function checkWatch(
  s: SchedulerState,
  task: TaskRecord,
  watch: DependencyWatch,
  complain: (what: string) => void,
): number {
  const { spec } = watch;
  let open = 0;
  let forgotten = 0;
  const outcomes: boolean[] = [];
  for (const id of spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) outcomes.push(named.outcome.kind === "done");
    else if (named !== null || task.session.mayCome(id)) open++;
    // It was ready and lost its place: what it was ready for may be forgotten since.
    else forgotten++;
    if (named instanceof TaskRecord && ![...named.dependents ?? []].includes(watch)) {
      complain(`${task.id} would not hear of the end of ${id}`);
    }
  }
  if (open !== watch.open) complain(`${task.id} waits for ${open} tasks, counted ${watch.open}`);
  if (forgotten > 0 || watch.waits.missing > 0) return open;
  const verdict = verdictOf(spec, outcomes, open);
  if (verdict === "impossible") complain(`${task.id} waits for what can never be`);
  if ((verdict === "met") !== watch.isMet) complain(`${task.id}: "${watch.flag}" is ${verdict}, and thought otherwise`);
  return open;
}

/** By the table: what a dependency comes to. `done`: for each of its tasks that has ended, whether it succeeded. */
export function verdictOf(spec: DependencySpec, done: readonly boolean[], open: number): "met" | "open" | "impossible" {
  const wanted = done.filter((ok) => ok ? spec.success : spec.failure).length;
  const total = done.length + open;
  if (total === 0) return "met";
  if (spec.all) return wanted === total ? "met" : wanted < done.length ? "impossible" : "open";
  return wanted > 0 ? "met" : open === 0 ? "impossible" : "open";
}
