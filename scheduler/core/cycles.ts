/**
 * Finds tasks that wait for each other in a circle, and fails them.
 *
 * The components of the graph of unsettled tasks in which each waits for each other (Tarjan's algorithm, without
 * recursion), from those on that name a later task: without one of these there is no circle. Called by `batches.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { cycleOutcome } from "./dependency_errors.ts";
import type { TaskWaits } from "./dependency_watch.ts";
import { settle } from "./settlement.ts";
import { awaitsHosts } from "./follow.ts";
import type { SchedulerState } from "./state.ts";
import { TaskRecord } from "./task_record.ts";

/** Fails every task on a circle that can be reached from these. */
export function failCycles(s: SchedulerState, starts: readonly TaskWaits[]): void {
  for (const component of findCircles(s, starts)) {
    component.sort((a, b) => a.order - b.order);
    const cycle = cycleIn(s, component);
    // Of a batch that is not complete nothing is decided.
    for (const task of component) if (!task.session.batchOpen) settle(s, task, "doom", cycleOutcome(task, cycle));
  }
}

interface Visit {
  readonly task: TaskRecord;
  readonly index: number;
  low: number;
  isOpen: boolean;
  readonly upstream: Iterator<TaskRecord>;
}

function findCircles(s: SchedulerState, starts: readonly TaskWaits[]): TaskRecord[][] {
  const visits = new Map<TaskRecord, Visit>();
  const circles: TaskRecord[][] = [];
  const open: Visit[] = [];
  for (const { task, holding } of starts) if (holding && !visits.has(task)) search(s, task, visits, open, circles);
  return circles;
}

function search(
  s: SchedulerState,
  start: TaskRecord,
  visits: Map<TaskRecord, Visit>,
  open: Visit[],
  circles: TaskRecord[][],
): void {
  const path: Visit[] = [];
  const enter = (task: TaskRecord) => {
    const index = visits.size;
    const visit: Visit = { task, index, low: index, isOpen: true, upstream: upstreamOf(s, task) };
    visits.set(task, visit);
    open.push(visit);
    path.push(visit);
  };
  enter(start);
  for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
    const next = here.upstream.next();
    if (next.done !== true) {
      const known = visits.get(next.value);
      if (known === undefined) enter(next.value);
      else if (known.isOpen) here.low = Math.min(here.low, known.index);
      continue;
    }
    path.pop();
    const before = path.at(-1);
    if (before !== undefined) before.low = Math.min(before.low, here.low);
    if (here.low === here.index) leave(here, open, circles);
  }
}

/** The visits from this one on are a component. */
function leave(first: Visit, open: Visit[], circles: TaskRecord[][]): void {
  const component: TaskRecord[] = [];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    visit.isOpen = false;
    component.push(visit.task);
    if (visit === first) break;
  }
  if (component.length > 1) circles.push(component);
}

/** The unsettled tasks that a task waits for and that wait themselves. */
function* upstreamOf(s: SchedulerState, { waits }: TaskRecord): Generator<TaskRecord> {
  // It may be able to run without any of them: looked at again when that is known.
  if (waits === null || awaitsHosts(s, waits)) return;
  for (const watch of waits.watches) {
    if (watch.closed) continue;
    for (const id of watch.spec.ids) {
      const task = s.task(id);
      if (task instanceof TaskRecord && task.waits?.holding) yield task;
    }
  }
}

/** One circle within a component, from its oldest task on as far as it goes round. */
function cycleIn(s: SchedulerState, component: readonly TaskRecord[]): TaskId[] {
  const members = new Set(component);
  const path: TaskRecord[] = [];
  const places = new Map<TaskRecord, number>();
  for (let task: TaskRecord | undefined = component[0]; task !== undefined && !places.has(task);) {
    places.set(task, path.length);
    path.push(task);
    task = firstIn(upstreamOf(s, task), members);
    if (task !== undefined && places.has(task)) return path.slice(places.get(task)).map(({ id }) => id);
  }
  return path.map(({ id }) => id);
}

function firstIn(tasks: Iterable<TaskRecord>, members: ReadonlySet<TaskRecord>): TaskRecord | undefined {
  for (const task of tasks) if (members.has(task)) return task;
  return undefined;
}
