/**
 * Why a task is where it is, as a sentence for people and as data for programs.
 *
 * Only looks. Behind `core.explain(id)`; the shell passes it on to `client.explain(id)`.
 * @module
 */
import type { Cause, Explanation, StatusWord } from "../../protocol/explanation.ts";
import { type EngineId, type TaskId, type TaskWay, wayOf } from "../../protocol/ids.ts";
import type { TaskWaits } from "./dependency_watch.ts";
import type { EngineRecord } from "./engine_record.ts";
import { awaitsHosts } from "./follow.ts";
import type { PlacementGroup } from "./placement_group.ts";
import { splitTaskId } from "./session_record.ts";
import type { SchedulerState } from "./state.ts";
import { type Attempt, FinishedRecord, TaskRecord } from "./task_record.ts";

const WAITS_FOR_HOSTS = "waits for hosts of the last controller life to come back";
/** So many tasks that one waits for are named. */
const SHOWN_TASKS = 8;

const PAST_THE_SCHEDULER: Readonly<Record<TaskWay, readonly [cause: Cause, text: string] | null>> = {
  balanced: null,
  direct: ["direct", "is one of a direct view: the scheduler never sees these, ask their results"],
  pure: ["pure", 'is one of the scheme "pure": the scheduler never sees these, ask their results'],
  refused: ["refused", "failed at its client before it was submitted: its result says why"],
};

/** What keeps a task, or what became of it. */
export function explain(s: SchedulerState, id: TaskId): Explanation {
  const task = s.task(id);
  if (task === null) return explainAbsent(s, id);
  if (task instanceof FinishedRecord) return explainFinished(task);
  if (task.attempt !== null) return explainAssigned(task, task.attempt);
  if (task.waits?.holding) return explainWaiting(s, task, task.waits);
  if (task.pause !== null) {
    const restMs = Math.max(0, Math.ceil(task.pause.at - s.now));
    return because("pause", task, `pauses for another ${restMs} ms before its next attempt`, [], "waiting");
  }
  return explainReady(s, task);
}

/** The same in a word, without looking at engines: many tasks may be asked for at once. */
export function statusOf(s: SchedulerState, id: TaskId): StatusWord {
  const task = s.task(id);
  if (task instanceof FinishedRecord) return finishedStatus(task);
  if (task !== null) {
    return task.attempt !== null ? attemptStatus(task.attempt) : task.state === "waiting" ? "waiting" : "ready";
  }
  return isForgotten(s, id) ? "forgotten" : "unknown";
}

function isForgotten(s: SchedulerState, id: TaskId): boolean {
  const parts = splitTaskId(id);
  return parts !== null && s.sessions.get(parts.session)?.forgotten.has(parts.counter) === true;
}

function finishedStatus({ outcome }: FinishedRecord): "done" | "failed" | "aborted" {
  if (outcome.kind === "done") return "done";
  return outcome.kind === "failed" && outcome.error.name === "TaskAborted" ? "aborted" : "failed";
}

/** An engine runs the first of what it has, one for each of its slots. */
function attemptStatus({ engine, prev }: Attempt): "running" | "ready" {
  let free: number = engine.slots + engine.lent;
  for (let other = prev; other !== null && free > 0; other = other.prev) free--;
  return free > 0 ? "running" : "ready";
}

function explainAbsent(s: SchedulerState, id: TaskId): Explanation {
  const parts = splitTaskId(id);
  if (parts === null) return absent("unknown", `${JSON.stringify(id)} is not the id of a task.`);
  const past = PAST_THE_SCHEDULER[wayOf(parts.counter)];
  if (past !== null) return absent(past[0], `Task "${id}" ${past[1]}.`);
  if (isForgotten(s, id)) {
    return absent("forgotten", `Task "${id}" was finished and is forgotten: purged, or past the bounds of --keep.`);
  }
  return absent("unknown", `Task "${id}" is not known: it was never submitted here, or its client left long ago.`);
}

function absent(cause: Cause, text: string): Explanation {
  return { cause, status: null, text, attempts: 0, engines: [], uuid: null, tasks: [] };
}

function explainFinished(task: FinishedRecord): Explanation {
  const { id, outcome, engine, uuid, attempts } = task;
  const status = finishedStatus(task);
  const where = engine === null ? "" : ` on engine ${engine}`;
  const tries = attempts > 1 ? `, at attempt ${attempts}` : "";
  const text = outcome.kind === "done"
    ? `is done: it ran${where}${tries}.`
    : outcome.kind === "threw"
    ? `failed: its function threw${where}${tries}.`
    : status === "aborted"
    ? "was aborted."
    : `failed with ${outcome.error.name}: ${outcome.error.message}.`;
  const engines = engine === null ? [] : [engine];
  return { cause: "settled", status, text: `Task "${id}" ${text}`, attempts, engines, uuid, tasks: [] };
}

function explainAssigned(task: TaskRecord, { engine, prev }: Attempt): Explanation {
  let ahead = 0;
  for (let other = prev; other !== null; other = other.prev) ahead++;
  const runs = ahead < engine.slots + engine.lent;
  const text = runs
    ? `runs on engine ${engine.id}`
    : `is queued on engine ${engine.id} behind ${ahead} other${ahead === 1 ? "" : "s"}`;
  return { ...because("assigned", task, text, [engine.id], runs ? "running" : "ready"), uuid: engine.uuid };
}

function explainWaiting(s: SchedulerState, task: TaskRecord, waits: TaskWaits): Explanation {
  const open = openIds(s, waits);
  if (awaitsHosts(s, waits)) return because("grace", task, WAITS_FOR_HOSTS, [], "waiting");
  if (open.length === 0) return because("grace", task, WAITS_FOR_HOSTS, [], "waiting");
  const missing = open.filter((id) => s.task(id) === null);
  const shown = open.slice(0, SHOWN_TASKS);
  const list = `${shown.map((id) => `"${id}"`).join(", ")}${open.length > shown.length ? ", …" : ""}`;
  if (open.length > 0 && missing.length === open.length) {
    const text = `waits for ${list}, which is to come with the rest of its batch`;
    return { ...because("batch", task, text, [], "waiting"), tasks: shown };
  }
  const few = open.length === 1 ? `task ${list}` : `${open.length} tasks: ${list}`;
  return { ...because("tasks", task, `waits for ${few}`, [], "waiting"), tasks: shown };
}

/** What it waits for and has not ended, each once. */
function openIds(s: SchedulerState, waits: TaskWaits): TaskId[] {
  const open = new Set<TaskId>();
  for (const watch of waits.watches) {
    if (watch.closed) continue;
    for (const id of watch.spec.ids) {
      const named = s.task(id);
      if (named instanceof TaskRecord || (named === null && waits.task.session.mayCome(id))) open.add(id);
    }
  }
  return [...open];
}

function explainReady(s: SchedulerState, task: TaskRecord): Explanation {
  const { group } = task;
  if (s.grace !== null) return because("grace", task, WAITS_FOR_HOSTS);
  const alive = [...s.registry.alive()];
  if (task.session.behind) return because("client", task, "waits for its client to take the results that wait for it");
  if (group?.onlyOn) return explainFollow(s, task, group);
  if (group?.targets) return explainTargets(s, task, group, [...group.targets]);
  if (alive.length === 0) return because("no-engines", task, "waits for an engine: there is none");
  const takers = group === null ? [] : [...s.placement.takers(group)];
  if (takers.length > 0) return waitsForOneOf(task, takers);
  const declined = alive.filter((engine) => group?.declinedOn.has(engine.serial));
  if (declined.length < alive.length) return because("no-engines", task, "waits for an engine: all are draining");
  return because(
    "declined",
    task,
    `waits for a new engine: declined by ${declined.length === 1 ? "the only one" : `all ${declined.length} engines`}`,
    idsOf(declined),
  );
}

function explainTargets(
  s: SchedulerState,
  task: TaskRecord,
  group: PlacementGroup,
  targets: readonly EngineId[],
): Explanation {
  const takers = [...s.placement.takers(group)];
  if (takers.length > 0) return waitsForOneOf(task, takers);
  const live = targets.filter((id) => s.registry.current(id) !== null);
  const why = live.length === 0 ? "none of them is up" : "those that are up declined it or are draining";
  return because("targets", task, `waits for its targets [${targets.join(", ")}]: ${why}`, targets);
}

function explainFollow(s: SchedulerState, task: TaskRecord, group: PlacementGroup): Explanation {
  const takers = [...s.placement.takers(group)];
  const text = "waits for the engine that ran what it follows";
  if (takers.length === 0) {
    return because("free-engine", task, `${text}, which takes no more tasks`, [...group.ids ?? []]);
  }
  return because("free-engine", task, `${text} to be free (engine ${idsOf(takers).join(" or ")})`, idsOf(takers));
}

function waitsForOneOf(task: TaskRecord, engines: readonly EngineRecord[]): Explanation {
  const text = engines.length === 1 && engines[0] !== undefined
    ? `waits for engine ${engines[0].id} to be free`
    : `waits for one of ${engines.length} engines to be free`;
  return because("free-engine", task, text, idsOf(engines));
}

function idsOf(engines: readonly EngineRecord[]): EngineId[] {
  return engines.map(({ id }) => id).sort((a, b) => a - b);
}

function because(
  cause: Cause,
  { id, attempts }: TaskRecord,
  text: string,
  engines: readonly EngineId[] = [],
  status: Explanation["status"] = "ready",
): Explanation {
  return { cause, status, text: `Task "${id}" ${text}.`, attempts, engines, uuid: null, tasks: [] };
}
