/**
 * What must be true between any two steps, checked the slow way: from the data, not from the code that keeps it.
 *
 * For tests and for looking at a stored state. Costs O(tasks × engines): never called while serving.
 * @module
 */
import { checkDependencies } from "./dependency_invariants.ts";
import { AHEAD_MS, type EngineRecord, MAX_AHEAD } from "./engine_record.ts";
import { areTargetsGone } from "./queueing.ts";
import { enginesOf } from "./snapshot.ts";
import type { SchedulerState } from "./state.ts";
import { type Attempt, FinishedRecord, TaskRecord } from "./task_record.ts";
import { recordBytes } from "./retention.ts";

type Complain = (what: string) => void;

/** Everything that is wrong with a state, in sentences; empty: nothing. */
export function violations(s: SchedulerState): readonly string[] {
  const found: string[] = [];
  const complain: Complain = (what) => found.push(what);
  checkTasks(s, complain);
  checkFinished(s, complain);
  checkDependencies(s, liveTasks(s), complain);
  checkEngines(s, complain);
  checkOrphans(s, complain);
  checkGroups(s, complain);
  checkAllBusyOrIdle(s, complain);
  if (s.wakeAt > Math.min(s.timers.nextAt, s.retention.nextAt)) complain("something is due before the next wake-up");
  if (s.settledNow.length > 0) complain("an end was not told to those who wait for it");
  if (s.blockedNow.length > 0) complain("nobody has looked whether what was blocked waits for itself");
  if (s.lastChances.length > 0) complain("a last chance outlived its step");
  return found;
}

function liveTasks(s: SchedulerState): TaskRecord[] {
  const live: TaskRecord[] = [];
  for (const { tasks } of s.sessions.values()) {
    for (const task of tasks) if (task instanceof TaskRecord) live.push(task);
  }
  return live;
}

/** Each live task is in exactly one place, and has a cause to live. */
function checkTasks(s: SchedulerState, complain: Complain): void {
  const counts = { waiting: 0, ready: 0, assigned: 0 };
  for (const task of liveTasks(s)) {
    const { state, group, attempt } = task;
    if (state !== "waiting" && state !== "ready" && state !== "assigned") complain(`${task.id} lives but is ${state}`);
    else counts[state]++;
    if (task.session.tasks.get(task.counter) !== task) complain(`${task.id} is kept under another id`);
    if (task.session.forgotten.has(task.counter)) complain(`${task.id} lives but counts as forgotten`);
    if ((state === "ready") !== (group !== null)) complain(`${task.id} is ${state}, in a queue: ${group !== null}`);
    if ((state === "assigned") !== (attempt !== null)) complain(`${task.id} is ${state}, attempt: ${attempt !== null}`);
    const isHeld = task.waits?.holding ?? false;
    const pauses = task.pause !== null && task.pause.heapIndex >= 0;
    if ((state === "waiting") !== (pauses || isHeld) || (pauses && isHeld)) {
      complain(`${task.id} is ${state} and nothing, or something, will wake it`);
    }
    if (task.failures > task.flags.retries) complain(`${task.id} was retried ${task.failures} times`);
    if (state === "assigned" && task.deadline !== null) complain(`${task.id} is assigned and has a deadline`);
    if (state === "ready" && areTargetsGone(s, task.flags.targets)) complain(`${task.id} waits for what never comes`);
    if (attempt !== null && (attempt.task !== task || s.dispatches.get(attempt.epoch, attempt.number) !== attempt)) {
      complain(`the attempt of ${task.id} is not the one that is dispatched`);
    }
  }
  for (const state of ["waiting", "ready", "assigned"] as const) {
    if (counts[state] !== s.counts[state]) complain(`${counts[state]} tasks are ${state}, counted ${s.counts[state]}`);
  }
}

function checkFinished(s: SchedulerState, complain: Complain): void {
  let count = 0;
  for (const session of s.sessions.values()) {
    const { tasks, forgotten, id, attached } = session;
    for (const record of tasks) {
      if (!(record instanceof FinishedRecord)) continue;
      count++;
      if (forgotten.has(record.counter)) complain(`${record.id} is kept and counts as forgotten`);
    }
    const isRetired = !attached && tasks.size === 0;
    if (s.retired.has(session) !== isRetired) complain(`session ${id} has retired: ${isRetired}, not known as such`);
  }
  const { maxRecords, maxBytes } = s.options.retention;
  const bytes = [...s.retention].reduce((sum, record) => sum + recordBytes(record), 0);
  if (count !== s.retention.size) complain(`${count} tasks are finished, ${s.retention.size} are kept in order`);
  if (bytes !== s.retention.bytes) complain(`finished tasks take ${bytes} bytes, counted ${s.retention.bytes}`);
  const evictable = [...s.retention].length;
  if (evictable > maxRecords || bytes > maxBytes) {
    complain(`${evictable} finished tasks of ${bytes} bytes are over the bounds`);
  }
}

function checkEngines(s: SchedulerState, complain: Complain): void {
  let inFlight = 0;
  for (const engine of enginesOf(s)) {
    const name = `engine ${engine.id} (incarnation ${engine.serial})`;
    const isCurrent = s.registry.current(engine.id) === engine;
    if (engine.alive !== isCurrent) complain(`${name} is alive: ${engine.alive}, current: ${isCurrent}`);
    if (s.registry.hosts.get(engine.host.id) !== engine.host) complain(`${name} is on a host that is not there`);
    if (s.placement.pool.has(engine) !== engine.isFree) complain(`${name} is free: ${engine.isFree}, not in the pool`);
    const ofThisLife = [...engine.inFlight].filter(({ epoch }) => epoch === s.options.epoch);
    // What took a lent place stays when it is taken back.
    const lenders = [...engine.inFlight].filter(({ slot }) => slot !== "held").length;
    if (ofThisLife.length > engine.limit + lenders && !isWithinTime(s, engine, ofThisLife)) {
      complain(`${name} was given ${ofThisLife.length} tasks, more than its limit`);
    }
    checkAhead(s, engine, name, complain);
    if (!engine.alive && engine.overdue === null) complain(`${name} is dead and nobody asks for its reports`);
    for (const attempt of engine.inFlight) {
      inFlight++;
      if (attempt.engine !== engine) complain(`${name} has an attempt of another`);
      if (s.dispatches.get(attempt.epoch, attempt.number) !== attempt) complain(`${name} has a stale attempt`);
    }
  }
  if (inFlight !== s.dispatches.size) complain(`${inFlight} attempts are on engines, ${s.dispatches.size} dispatched`);
  for (const engine of s.placement.pool.members) {
    if (!engine.isFree) complain(`engine ${engine.id} is in the pool and not free`);
  }
  for (const { id, host } of s.registry.slots.values()) {
    if (id >= s.registry.nextId) complain(`engine ${id} is there, and would be given again`);
    if (s.registry.hosts.get(host.id) !== host) complain(`engine ${id} belongs to a host that is not there`);
  }
}

/** With `hwm` `auto`: what goes beyond its slots is expected to be short. */
function isWithinTime(s: SchedulerState, { slots }: EngineRecord, attempts: readonly Attempt[]): boolean {
  const expectedUs = attempts.reduce((sum, attempt) => sum + attempt.expectedUs, 0);
  return s.options.hwm === "auto" && attempts.length <= MAX_AHEAD * slots && expectedUs <= AHEAD_MS * 1_000 * slots;
}

/** What is counted of an engine is what its attempts come to, and the pool knows it. */
function checkAhead(s: SchedulerState, engine: EngineRecord, name: string, complain: Complain): void {
  const { pool } = s.placement;
  const attempts = [...engine.inFlight];
  const expectedUs = attempts.reduce((sum, attempt) => sum + attempt.expectedUs, 0);
  if (expectedUs !== engine.expectedUs) complain(`${name} is busy for ${expectedUs} µs, counted ${engine.expectedUs}`);
  const lent = attempts.filter(({ slot }) => slot === "lent").length;
  if (lent !== engine.lent) complain(`${name} has ${lent} slots lent, counted ${engine.lent}`);
  const calledBack = attempts.filter((attempt) => attempt.calledBack).length;
  if (calledBack !== engine.calledBack) complain(`${name} was asked for ${calledBack}, counted ${engine.calledBack}`);
  const room = engine.isFree ? 0 : engine.roomUs;
  const isDropped = !pool.hasRoom(engine) && engine.seenRoomUs === 0 && engine.isLate(s.now);
  if (!isDropped && (pool.hasRoom(engine) !== room > 0 || engine.seenRoomUs !== room)) {
    complain(`${name} has room that nobody knows of`);
  }
  if (pool.laden.has(engine) !== engine.recallable > 0) complain(`${name} has tasks ahead that nobody knows of`);
}

function checkOrphans(s: SchedulerState, complain: Complain): void {
  for (const orphan of s.orphans.values()) {
    if ((orphan.attempt === null) === (orphan.ended === null)) complain(`orphan ${orphan.id} both runs and ended`);
    if (orphan.timer === null || orphan.timer.heapIndex < 0) complain(`orphan ${orphan.id} waits for ever`);
    if (s.task(orphan.id) !== null) complain(`orphan ${orphan.id} has its task and was not claimed`);
  }
}

function checkGroups(s: SchedulerState, complain: Complain): void {
  let queued = 0;
  for (const group of s.placement.groups) {
    const tasks = [...group.queue];
    queued += tasks.length;
    if (tasks.length === 0 || tasks.length !== group.queue.size) complain(`group "${group.key}" miscounts its tasks`);
    for (const task of tasks) if (task.group !== group) complain(`${task.id} is in a group it does not know of`);
    const takers = [...s.placement.takers(group)];
    const anyFailed = takers.every((engine) => group.failedOn.has(engine.serial));
    if (group.failedOn.size > 0 && group.anyFailed !== anyFailed) complain(`group "${group.key}" waits in vain`);
  }
  if (queued !== s.counts.ready) complain(`${queued} tasks are queued, ${s.counts.ready} are ready`);
}

/** No engine is free while a task could run on it. */
function checkAllBusyOrIdle(s: SchedulerState, complain: Complain): void {
  if (s.grace !== null) return;
  for (const group of s.placement.groups) {
    if ([...group.queue].every(({ session }) => session.behind)) continue;
    const free = s.placement.pool.members.find((engine) => group.accepts(engine));
    if (free !== undefined) complain(`engine ${free.id} is free while tasks of group "${group.key}" wait`);
  }
}
