/**
 * What is queued on each engine and what waits for one, with the reasons: what `explain` says, told once for all tasks
 * that it holds for.
 *
 * Only looks. Costs a pass over the engines, and over the placement groups; over the tasks only where some wait for
 * others or pause, or where ids are wanted. Behind `core.queueStatus()`.
 * @module
 */
import type { Cause, Explanation } from "../../protocol/explanation.ts";
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import {
  type EngineQueue,
  LISTED_CAUSES,
  LISTED_IDS,
  type SchedulerQueues,
  type WaitingTasks,
} from "../../protocol/queue_status.ts";
import type { EngineRecord } from "./engine_record.ts";
import { explain } from "./explain.ts";
import type { PlacementGroup } from "./placement_group.ts";
import type { SchedulerState } from "./state.ts";
import { TaskRecord } from "./task_record.ts";

/** So many groups are looked at; each costs a pass over the engines. */
const EXPLAINED_GROUPS = 200;
/** So many tasks that wait for others are looked at one by one. */
const EXPLAINED_TASKS = 10_000;

/** What each of many tasks does whose sentences would all be different ones. */
const SHARED_TEXTS: Readonly<Partial<Record<Cause, string>>> = {
  pause: "pauses before its next attempt",
  tasks: "waits for tasks that are not finished",
  batch: "waits for the rest of what was submitted with it",
};

interface Line {
  readonly cause: Cause;
  readonly text: string;
  readonly engines: readonly number[];
  readonly ids: TaskId[];
  count: number;
}

/** Tasks by what keeps them. */
class Lines {
  readonly #lines: Map<string, Line> = new Map();
  readonly #verbose: boolean;

  constructor(verbose: boolean) {
    this.#verbose = verbose;
  }

  add({ cause, text, engines }: Explanation, subject: TaskId, tasks: Iterable<TaskRecord>, count: number): void {
    const said = SHARED_TEXTS[cause] ?? predicate(text, subject);
    const shown = engines.slice(0, LISTED_IDS);
    const key = `${cause} ${said} ${shown}`;
    let line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, line = { cause, text: said, engines: shown, ids: [], count: 0 });
    line.count += count;
    if (!this.#verbose) return;
    for (const { id } of tasks) {
      if (line.ids.length >= LISTED_IDS) return;
      line.ids.push(id);
    }
  }

  /** The most first. */
  listed(): WaitingTasks[] {
    const lines = [...this.#lines.values()].sort((a, b) => b.count - a.count).slice(0, LISTED_CAUSES);
    return lines.map((line) => this.#verbose ? line : { ...line, ids: null });
  }
}

/** What is assigned and what is not; engines of `targets` only, unless `null`. */
export function queueStatus(
  s: SchedulerState,
  targets: readonly EngineId[] | null,
  verbose: boolean,
): SchedulerQueues {
  const wanted = targets === null ? null : new Set(targets);
  const engines = [...s.registry.alive()].filter(({ id }) => wanted === null || wanted.has(id));
  const lines = new Lines(verbose);
  addReady(s, lines);
  if (s.counts.waiting > 0) addWaiting(s, lines);
  const waiting = lines.listed();
  const unassigned = s.counts.ready + s.counts.waiting;
  const listed = waiting.reduce((sum, { count }) => sum + count, 0);
  return {
    engines: engines.map((engine) => engineQueue(engine, verbose)).sort((a, b) => a.engine - b.engine),
    unassigned,
    waiting,
    others: unassigned - listed,
  };
}

function engineQueue(engine: EngineRecord, verbose: boolean): EngineQueue {
  const { id, uuid, load, slots } = engine;
  const running = Math.min(load, slots);
  const counted = { engine: id, uuid, queued: load - running, running };
  if (!verbose) return { ...counted, queuedIds: null, runningIds: null };
  const runningIds: TaskId[] = [];
  const queuedIds: TaskId[] = [];
  let place = 0;
  for (const { task } of engine.inFlight) {
    const ids = place++ < slots ? runningIds : queuedIds;
    // What was aborted keeps its place until its host says that it ended, but has no task any more.
    if (task !== null) ids.push(task.id);
    if (queuedIds.length >= LISTED_IDS) break;
  }
  return { ...counted, queuedIds, runningIds };
}

/** All tasks of a group wait for the same: one is asked. The biggest groups come first. */
function addReady(s: SchedulerState, lines: Lines): void {
  const groups = [...s.placement.groups].sort((a, b) => b.queue.size - a.queue.size);
  for (const group of groups.slice(0, EXPLAINED_GROUPS)) addGroup(s, lines, group);
}

function addGroup(s: SchedulerState, lines: Lines, { queue }: PlacementGroup): void {
  const [any] = queue;
  if (any !== undefined) lines.add(explain(s, any.id), any.id, queue, queue.size);
}

/** Tasks that wait for time to pass or for others stand in no group. */
function addWaiting(s: SchedulerState, lines: Lines): void {
  let left = Math.min(s.counts.waiting, EXPLAINED_TASKS);
  for (const { tasks } of s.sessions.values()) {
    for (const task of tasks) {
      if (left === 0) return;
      if (!(task instanceof TaskRecord) || task.state !== "waiting") continue;
      left--;
      lines.add(explain(s, task.id), task.id, [task], 1);
    }
  }
}

/** The sentence without its subject, which is one of many here: `waits for engine 0 to be free`. */
function predicate(text: string, id: TaskId): string {
  const subject = `Task "${id}" `;
  const said = text.startsWith(subject) ? text.slice(subject.length) : text;
  return said.endsWith(".") ? said.slice(0, -1) : said;
}
