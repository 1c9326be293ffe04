/**
 * Tasks that wait for others: judged when they are submitted, and again whenever one of those ends.
 *
 * An end is not told on the spot but noted (`s.settledNow`) and told at the end of the step, one after the other: so a
 * failure goes through any depth without recursion. Called by `on_tasks.ts`, `on_engines.ts` and `scheduler.ts`.
 * @module
 */
import { type TaskId, wayOf } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { DependencySpec } from "../../protocol/task_spec.ts";
import { impossibleOutcome, invalidOutcome } from "./dependency_errors.ts";
import { DependencyWatch, TaskWaits, withDependent } from "./dependency_watch.ts";
import { failCycles } from "./cycles.ts";
import type { EngineRecord } from "./engine_record.ts";
import { addPlace, addPlaceAt, addPlaces, forgetPlaces, hasPlace, lostFollow } from "./follow.ts";
import { FollowPlaces } from "./follow_places.ts";
import { closeWatch, hold, keepInputs, letGo } from "./holding.ts";
import {
  areTargetsGone,
  armDeadline,
  block,
  doomedOutcome,
  enqueue,
  overdue,
  relocate,
  seekCircle,
  strangeTargets,
} from "./queueing.ts";
import { inputDependency } from "./inputs.ts";
import { splitTaskId } from "./session_record.ts";
import { settle } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, TaskRecord } from "./task_record.ts";
import { move } from "./moves.ts";

/** More ids in one dependency are refused. */
const MAX_IDS = 100_000;

/** Whether the task depends on others. */
export function isDependent({ flags: { after, follow }, spec }: TaskRecord): boolean {
  return after !== null || follow !== null || inputDependency(spec) !== null;
}

/** What is wrong with an id that is not known here; `null`: it may come with the rest of the batch. */
function strangeness(s: SchedulerState, task: TaskRecord, id: TaskId): string | null {
  if (id === task.id) return "the task itself; name the tasks that it is to wait for";
  const parts = splitTaskId(id);
  if (parts === null) return `${JSON.stringify(id)}, which is no task id; give results or the ids of tasks`;
  const way = wayOf(parts.counter);
  if (way === "refused") return `"${id}", a task that failed before it was submitted`;
  if (way !== "balanced") {
    const whose = way === "direct" ? "of a direct view" : 'of the scheme "pure"';
    return `"${id}", a task ${whose}, which the scheduler never sees; await its result before you submit`;
  }
  if (s.sessions.get(parts.session)?.forgotten.has(parts.counter)) {
    return `task "${id}", which was settled and is forgotten; keep more with --keep, or submit before it is forgotten`;
  }
  return task.session.mayCome(id) ? null : neverSubmitted(id);
}

export function neverSubmitted(id: TaskId): string {
  return `"${id}", a task that was never submitted here; submit it first, or in the same turn`;
}

/** Takes in a task that depends on others: it waits, is ready, or can never run. */
export function acceptDependent(s: SchedulerState, task: TaskRecord): void {
  const waits = task.waits = new TaskWaits(task, s.nextWait++);
  const refusal = watchNamed(s, waits) ?? overdue(s, task) ?? strangeTargets(s, task) ??
    (waits.missing > 0 ? null : impossibility(s, waits));
  if (refusal !== null) return settle(s, task, "refuse", refusal);
  if (waits.follow !== null) s.grace?.followers.push(waits);
  keepInputs(s, waits);
  if (isMet(s, waits)) {
    closeMet(s, waits);
    move(s, task, "accept");
    return enqueue(s, task, "applies");
  }
  if (areTargetsGone(s, task.flags.targets)) return settle(s, task, "refuse", doomedOutcome(task));
  if (waits.isForward) task.session.forward.push(waits);
  move(s, task, "hold");
  armDeadline(s, task);
  hold(s, waits);
}

/** Begins to wait for the tasks that are named. Why these can't be meant; `null`: they can, as far as is known. */
function watchNamed(s: SchedulerState, waits: TaskWaits): TaskOutcome | null {
  const { after, follow } = waits.task.flags;
  if (after !== null) {
    waits.after = new DependencyWatch(waits, "after", after);
    const invalid = watchIds(s, waits.after);
    if (invalid !== null) return invalid;
  }
  const inputs = inputDependency(waits.task.spec);
  if (inputs !== null) {
    waits.inputs = new DependencyWatch(waits, "inputs", inputs);
    const invalid = watchIds(s, waits.inputs);
    if (invalid !== null) return invalid;
  }
  if (follow === null) return null;
  if (follow.ids.length > 0) waits.places = new FollowPlaces(follow.all);
  waits.follow = new DependencyWatch(waits, "follow", follow);
  return watchIds(s, waits.follow);
}

function watchIds(s: SchedulerState, watch: DependencyWatch): TaskOutcome | null {
  const { waits, flag, spec: { ids } } = watch;
  const { task } = waits;
  if (ids.length > MAX_IDS) return invalidOutcome(task, flag, `${ids.length} tasks; it may name ${MAX_IDS}`);
  for (const id of ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) noteEnd(s, watch, named, id);
    else if (named === null || named === task) {
      const text = strangeness(s, task, id);
      if (text !== null) return invalidOutcome(task, flag, text);
      waits.missing++;
      waits.isForward = true;
      task.session.awaitMissing(id, watch);
    } else {
      named.dependents = withDependent(named.dependents, watch);
      if (named.order > task.order) waits.isForward = true;
    }
  }
  return null;
}

/** It has been given its inputs before: they are kept for its retries, as far as this life knows them. */
export function watchInputs(s: SchedulerState, waits: TaskWaits, spec: DependencySpec): void {
  const watch = waits.inputs = new DependencyWatch(waits, "inputs", spec);
  for (const id of spec.ids) {
    const named = s.task(id);
    if (named instanceof FinishedRecord) noteEnd(s, watch, named, id);
    else if (named !== null && named !== waits.task) named.dependents = withDependent(named.dependents, watch);
  }
  keepInputs(s, waits);
}

function noteEnd(s: SchedulerState, watch: DependencyWatch, record: FinishedRecord, id: TaskId): void {
  watch.note(record, id);
  if (watch.flag === "follow" && watch.wants(record)) addPlace(s, watch.waits, record);
}

/** Why the task can never run; `null`: it can, or it may yet. */
function impossibility(s: SchedulerState, waits: TaskWaits): TaskOutcome | null {
  for (const watch of waits.watches) {
    if (!watch.closed && watch.isImpossible) {
      const decisive = watch.decisive === null ? null : s.task(watch.decisive);
      return impossibleOutcome(watch, decisive instanceof FinishedRecord ? decisive : null);
    }
  }
  return lostFollow(s, waits);
}

/** Whether nothing keeps it from the queue. */
function isMet(s: SchedulerState, waits: TaskWaits): boolean {
  return waits.missing === 0 && (waits.after === null || waits.after.isMet) &&
    (waits.follow === null || waits.follow.isMet) && (waits.inputs === null || waits.inputs.isMet) &&
    hasPlace(s, waits);
}

/** What is met is watched no more, but for more places of a `follow` of any. Where it must run outlives the watch. */
function closeMet(s: SchedulerState, waits: TaskWaits): void {
  const { task, after, follow, inputs } = waits;
  if (after !== null) closeWatch(s, after);
  if (follow !== null && (follow.spec.all || follow.open === 0)) closeWatch(s, follow);
  if (follow === null && inputs === null && waits.places === null) task.waits = null;
}

/** Something that it waits for has changed. */
export function reconsider(s: SchedulerState, waits: TaskWaits): void {
  const { task } = waits;
  if (task.state === "waiting" && waits.holding) return reconsiderWaiting(s, waits);
  if (task.state !== "ready") return;
  const never = lostFollow(s, waits);
  if (never === null && !hasPlace(s, waits)) return block(s, waits, "spared");
  if (never === null) return relocate(s, task);
  s.placement.remove(task);
  settle(s, task, "doom", task.lastFailure ?? never);
}

function reconsiderWaiting(s: SchedulerState, waits: TaskWaits): void {
  const { task } = waits;
  if (waits.missing > 0) return;
  const never = impossibility(s, waits);
  if (never !== null) return settle(s, task, "doom", task.lastFailure ?? never);
  if (!isMet(s, waits)) return;
  letGo(s, waits);
  closeMet(s, waits);
  move(s, task, "unblock");
  enqueue(s, task, waits.deadline);
}

/** The hosts that came back are there: where followed tasks ran is looked for again. What is forgotten since stays found. */
export function findPlaces(s: SchedulerState, followers: readonly TaskWaits[]): void {
  for (const waits of followers) {
    const { task: { flags, state, waits: current }, places } = waits;
    if (places === null || flags.follow === null || state === "settled") continue;
    // A host brought an attempt of it along, and it waits no more.
    if (current !== waits) continue;
    if (waits.holding && places.someGone) seekCircle(s, waits);
    forgetPlaces(waits);
    const found = waits.places = new FollowPlaces(places.all);
    for (const [place, id] of places.alive) addPlaceAt(waits, id, place.id, place);
    addPlaces(s, waits, flags.follow);
    if (found.alive.size === 0) found.lost ??= places.lost;
    reconsider(s, waits);
  }
}

/** A process has ended: those who follow what ran there have lost that place. */
export function placeLost(s: SchedulerState, engine: EngineRecord): void {
  const followers = [...engine.followers].sort((a, b) => a.serial - b.serial);
  engine.followers.clear();
  for (const waits of followers) {
    waits.places?.remove(engine);
    reconsider(s, waits);
  }
}

/** Tells all that were waiting for the tasks that have been settled in this step, and for those that this settles. */
export function tellDependents(s: SchedulerState): void {
  do {
    tellSettled(s);
    const blocked = s.blockedNow;
    if (blocked.length === 0) return;
    s.blockedNow = [];
    failCycles(s, blocked);
  } while (s.settledNow.length > 0);
}

function tellSettled(s: SchedulerState): void {
  const { settledNow } = s;
  for (let i = 0; i < settledNow.length; i++) {
    const ended = settledNow[i];
    if (ended === undefined) continue;
    const { dependents } = ended;
    for (let at = 0; at < dependents.size; at++) {
      const watch = dependents.at(at);
      if (watch.closed) continue;
      noteEnd(s, watch, ended.record, ended.id);
      reconsider(s, watch.waits);
    }
  }
  settledNow.length = 0;
}
