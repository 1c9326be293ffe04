/**
 * Makes a new controller life go on with what hosts hold from an earlier one: attempts and the tasks they belong to
 * meet here, in whichever order host and client come back.
 *
 * What runs is not dispatched again, a result that is there settles its task at once, and what nobody claims is dropped
 * after a bounded time. Called by `on_hosts.ts`, `on_tasks.ts`, `on_attempts.ts` and `on_time.ts`.
 * @module
 */
import type { EngineUuid } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import { attach, tellAssigned } from "./assignment.ts";
import { decide } from "./attempt_end.ts";
import { watchInputs } from "./dependencies.ts";
import { TaskWaits } from "./dependency_watch.ts";
import type { EngineRecord, HostRecord } from "./engine_record.ts";
import { UNKNOWN_US } from "./estimates.ts";
import type { EndedAttempt, HeldAttempt } from "./events.ts";
import { inputDependency } from "./inputs.ts";
import { addPlaceAt, addPlaces } from "./follow.ts";
import { FollowPlaces } from "./follow_places.ts";
import { endWaits } from "./holding.ts";
import { move } from "./moves.ts";
import type { Orphan } from "./orphan.ts";
import type { SchedulerState } from "./state.ts";
import { Attempt, FinishedRecord, TaskRecord } from "./task_record.ts";

/** A host says that it holds this attempt. */
export function takeHeld(s: SchedulerState, host: HostRecord, held: HeldAttempt): void {
  const engine = s.registry.current(held.engine);
  const runs = held.ended === null;
  const isUsable = held.epoch < s.options.epoch && (!runs || (engine !== null && engine.host === host));
  const known = s.task(held.task);
  const isWanted = known === null
    ? !s.orphans.has(held.task)
    : known instanceof TaskRecord && mayAdopt(s, known, held.attempt);
  // What came back for nothing is as if it had never gone: its task is taken in like any other.
  const isNothing = held.ended !== null && inheritedOutcome(held.ended).kind === "returned";
  if (!isUsable || !isWanted || isNothing) return refuseHeld(s, host, held);
  const orphan = orphanOf(s, host, held, engine);
  if (known instanceof TaskRecord) {
    s.placement.remove(known);
    adopt(s, known, orphan);
  } else keep(s, orphan);
}

/** Nothing of it is under way in this life, and what is held is not an attempt that this life knows to be over. */
function mayAdopt(s: SchedulerState, { state, attempts, waits, pause }: TaskRecord, ordinal: number): boolean {
  if (state !== "ready" && waits?.holding !== true && pause === null) return false;
  return attempts === 0 || (s.grace !== null && ordinal > attempts);
}

/** The orphan attempt of a task that is submitted now, if there is one. */
export function claimOrphan(s: SchedulerState, task: TaskRecord): boolean {
  if (s.orphans.size === 0) return false;
  const orphan = s.orphans.get(task.id);
  if (orphan === undefined) return false;
  s.orphans.delete(task.id);
  adopt(s, task, orphan);
  return true;
}

/** An orphan's attempt ended on this process: its result waits with it, if it has one. */
export function orphanEnded(s: SchedulerState, orphan: Orphan, ended: EndedAttempt, uuid: EngineUuid): void {
  orphan.uuid = uuid;
  orphan.attempt = null;
  orphan.ended = ended;
  if (inheritedOutcome(ended).kind === "returned") dropOrphan(s, orphan);
}

/**
 * What an attempt of an earlier life came to, as far as it counts in this one. An abort of this life takes the task off
 * its attempt, so this one was of the attempt: given up with its host's link, say. Whoever wants the task aborted asks
 * again.
 */
export function inheritedOutcome({ outcome }: EndedAttempt): AttemptOutcome {
  return outcome.kind === "aborted" ? { kind: "returned" } : outcome;
}

/** Nobody claimed it in time, or it is lost with its host. */
export function dropOrphan(s: SchedulerState, orphan: Orphan): void {
  s.orphans.delete(orphan.id);
  if (orphan.timer !== null) s.timers.clear(orphan.timer);
  const { attempt } = orphan;
  if (attempt === null) return s.out.release(orphan.host, orphan.epoch, orphan.number);
  attempt.orphan = null;
  s.out.abort(orphan.host, orphan.epoch, orphan.number);
}

function refuseHeld(s: SchedulerState, host: HostRecord, { epoch, number, ended }: HeldAttempt): void {
  // Of a later life than this one: not ours to judge.
  if (epoch > s.options.epoch) return;
  if (ended === null) s.out.abort(host.id, epoch, number);
  else s.out.release(host.id, epoch, number);
}

function orphanOf(s: SchedulerState, host: HostRecord, held: HeldAttempt, engine: EngineRecord | null): Orphan {
  const { task: id, epoch, number, ended } = held;
  const orphan: Orphan = {
    id,
    epoch,
    number,
    host: host.id,
    engine: held.engine,
    uuid: ended === null ? engine?.uuid ?? null : held.uuid,
    ordinal: held.attempt,
    attempt: null,
    ended,
    timer: null,
  };
  if (ended !== null || engine === null) return orphan;
  orphan.attempt = new Attempt(epoch, number, engine, null, UNKNOWN_US);
  orphan.attempt.orphan = orphan;
  if (held.lent === true) orphan.attempt.slot = "lent";
  attach(s, orphan.attempt);
  return orphan;
}

function keep(s: SchedulerState, orphan: Orphan): void {
  s.orphans.set(orphan.id, orphan);
  orphan.timer = s.timers.set(s.now + s.options.adoptableMs, { kind: "unclaimed", orphan });
}

function adopt(s: SchedulerState, task: TaskRecord, orphan: Orphan): void {
  const { attempt, ended, epoch, number, host, uuid } = orphan;
  for (const timer of [orphan.timer, task.deadline, task.pause]) if (timer !== null) s.timers.clear(timer);
  task.deadline = task.pause = null;
  followThere(s, task, orphan);
  move(s, task, "adopt", orphan.engine);
  task.attempts = orphan.ordinal;
  // Those before it failed in the earlier life, and cost a retry each.
  task.failures = Math.min(orphan.ordinal - 1, task.flags.retries);
  if (attempt !== null) {
    attempt.orphan = null;
    attempt.task = task;
    task.attempt = attempt;
    tellAssigned(s, task, attempt.engine, number);
  } else if (ended !== null) {
    s.out.release(host, epoch, number);
    const serial = s.registry.incarnation(orphan.engine, uuid)?.serial ?? null;
    decide(s, task, { id: orphan.engine, uuid, serial }, inheritedOutcome(ended), ended.report);
  }
}

/**
 * What it waited for had come when it was dispatched. If it follows others of which this life knows too little, it was
 * sent where they ran.
 */
function followThere(s: SchedulerState, task: TaskRecord, { engine: id, uuid }: Orphan): void {
  if (task.waits !== null) endWaits(s, task.waits);
  task.waits = null;
  const { follow } = task.flags;
  const inputs = inputDependency(task.spec);
  const follows = follow !== null && follow.ids.length > 0;
  if (!follows && inputs === null) return;
  const waits = task.waits = new TaskWaits(task, s.nextWait++);
  if (inputs !== null) watchInputs(s, waits, inputs);
  if (!follows) return;
  const isKnown = follow.ids.every((one) => s.task(one) instanceof FinishedRecord);
  const places = waits.places = new FollowPlaces(follow.all);
  const stayThere = () => {
    addPlaceAt(waits, task.id, id, s.registry.incarnation(id, uuid));
    // Its host is here: a process that it does not name has ended.
    places.someGone = false;
  };
  if (!isKnown) stayThere();
  if (isKnown || !follow.all) addPlaces(s, waits, follow);
  const { alive, lost } = places;
  // In this life they came to something else: it was sent where they ran in the earlier one.
  if (isKnown && alive.size === 0 && lost === null) stayThere();
  s.grace?.followers.push(waits);
}
