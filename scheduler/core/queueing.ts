/**
 * How a task gets into the queue and out of it again other than by being assigned: deadlines, targets that are gone.
 *
 * A deadline counts from submission, never hits an assigned task, and does not apply to one that came back for nothing.
 * Called by `on_tasks.ts`, `attempt_end.ts` and `on_time.ts`.
 * @module
 */
import type { EngineId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { PlacementGroup } from "./placement_group.ts";
import type { TaskWaits } from "./dependency_watch.ts";
import { hasPlace, lostFollow } from "./follow.ts";
import { hold } from "./holding.ts";
import { inputDependency, missingInput, nearestPlace } from "./inputs.ts";
import { move } from "./moves.ts";
import { settle, systemFailure } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import type { TaskRecord } from "./task_record.ts";

/** Whether a deadline applies to a task that goes (back) into the queue. */
export type DeadlinePolicy = "applies" | "spared";

/** Puts a task that has just become ready into its group, unless it can never run. */
export function enqueue(s: SchedulerState, task: TaskRecord, deadline: DeadlinePolicy): void {
  if (areTargetsGone(s, task.flags.targets)) return settle(s, task, "doom", doomedOutcome(task));
  const { waits } = task;
  if (waits !== null) {
    const never = lostFollow(s, waits);
    if (never !== null) return settle(s, task, "doom", task.lastFailure ?? never);
  }
  const awaits = waits !== null && awaitsInputs(s, waits);
  const missing = awaits ? null : missingInput(s, task);
  if (missing !== null) return settle(s, task, "doom", task.lastFailure ?? missing);
  if (waits !== null && (awaits || !hasPlace(s, waits))) return block(s, waits, deadline);
  task.near = nearestPlace(s, task.spec);
  if (deadline === "applies" && !armDeadline(s, task)) s.lastChances.push(task);
  s.placement.push(task);
}

/** It ran in an earlier life, and what it was given then is made again in this one: all of it, or there is no use in it. */
function awaitsInputs(s: SchedulerState, { inputs, task }: TaskWaits): boolean {
  if (inputs === null || inputs.isMet || inputs.isImpossible) return false;
  return inputDependency(task.spec)?.ids.every((id) => id !== task.id && s.task(id) !== null) === true;
}

/** A ready task has lost the places where it may run, and may yet get others. */
export function block(s: SchedulerState, waits: TaskWaits, deadline: DeadlinePolicy): void {
  const { task } = waits;
  s.placement.remove(task);
  move(s, task, "block");
  waits.deadline = deadline;
  if (deadline === "applies" && !armDeadline(s, task)) return expire(s, task);
  hold(s, waits);
  seekCircle(s, waits);
}

/** What it waits for now may wait for it: looked at in the end of this step, or when its batch is complete. */
export function seekCircle(s: SchedulerState, waits: TaskWaits): void {
  const { session } = waits.task;
  if (session.batchOpen) session.forward.push(waits);
  else s.blockedNow.push(waits);
}

/** A ready task may run at other places than before. */
export function relocate(s: SchedulerState, task: TaskRecord): void {
  s.placement.remove(task);
  s.placement.push(task);
}

/** Sets the deadline of a task that is not assigned, unless it is set. False: it has passed. */
export function armDeadline(s: SchedulerState, task: TaskRecord): boolean {
  if (task.deadline !== null) return true;
  const at = deadlineOf(task);
  if (at <= s.now) return false;
  if (at < Infinity) task.deadline = s.timers.set(at, { kind: "deadline", task });
  return true;
}

/** When the task must have been assigned; `Infinity`: whenever. */
export function deadlineOf(task: TaskRecord): number {
  const { timeoutMs } = task.flags;
  return timeoutMs > 0 ? task.submittedAt + timeoutMs : Infinity;
}

/** What a fresh task becomes whose deadline has passed on its way; `null`: it has not. */
export function overdue(s: SchedulerState, task: TaskRecord): TaskOutcome | null {
  return task.deadline === null && deadlineOf(task) <= s.now ? expiredOutcome(task) : null;
}

/** Fails a task that is not assigned because its deadline has passed. */
export function expire(s: SchedulerState, task: TaskRecord): void {
  s.placement.remove(task);
  settle(s, task, "expire", expiredOutcome(task));
}

const SHOWN_TARGETS = 8;

function shown(targets: readonly number[]): string {
  const rest = targets.length > SHOWN_TARGETS ? ", …" : "";
  return `${targets.slice(0, SHOWN_TARGETS).join(", ")}${rest}`;
}

/** What a task past its deadline becomes. */
function expiredOutcome(task: TaskRecord): TaskOutcome {
  const { timeoutMs, targets } = task.flags;
  const { waits } = task;
  const open = waits?.holding ? waits.open : 0;
  if (open > 0) return waitedInVain(task, open);
  const declines = task.declinedOn?.length ?? 0;
  const declined = declines === 0 ? "" : `it was declined by ${declines} engine${declines === 1 ? "" : "s"}, and `;
  const [none, no] = declines === 0 ? ["none", "no engine"] : ["no other", "no other"];
  const wanted = targets === null ? no : `of its targets (engine ${shown(targets)}) ${none}`;
  const after = task.attempts === 0 ? "" : " after its last attempt";
  const text = `Cannot run task "${task.id}": ${declined}${wanted} was free for it${after} within its timeout of ` +
    `${timeoutMs} ms; allow more time or start more engines`;
  return systemFailure("DependencyTimeout", text, task.lastError);
}

function waitedInVain({ id, flags: { timeoutMs }, lastError }: TaskRecord, open: number): TaskOutcome {
  const text = `Cannot run task "${id}": ${open} of the tasks that it depends on had not ended within its timeout of ` +
    `${timeoutMs} ms; allow more time`;
  return systemFailure("DependencyTimeout", text, lastError);
}

/** Settles those past their deadline for which no engine was free right now. */
export function expireLastChances(s: SchedulerState): void {
  for (const task of s.lastChances) if (task.state === "ready") expire(s, task);
  s.lastChances.length = 0;
}

/** Whether none of these engines will ever come (back). */
export function areTargetsGone(s: SchedulerState, targets: readonly EngineId[] | null): boolean {
  return targets !== null && s.grace === null && targets.every((id) => s.registry.isGone(id));
}

/**
 * What a fresh task becomes whose targets no engine ever was; `null`: some was. Before the first engine comes nobody knows
 * which there will be, and in the grace of a new life nobody knows which there were.
 */
export function strangeTargets(s: SchedulerState, { id, flags: { targets } }: TaskRecord): TaskOutcome | null {
  const { nextId } = s.registry;
  if (targets === null || nextId === 0 || s.grace !== null || targets.some((target) => target < nextId)) return null;
  const named = targets.length === 1 ? `its target, engine ${targets[0]}, does` : `its targets [${shown(targets)}] do`;
  const there = nextId === 1 ? "there is engine 0" : `there were engines 0 to ${nextId - 1}`;
  return systemFailure(
    "ImpossibleDependency",
    `Cannot run task "${id}": ${named} not exist: ${there}; name live engines in targets, or none`,
  );
}

/** An engine is gone for good: so are ready tasks that had no other. */
export function doomTasksFor(s: SchedulerState, id: EngineId): void {
  doomGroups(s, s.placement.groupsNaming(id));
  for (const task of s.waitingTargets.of(id)) doomIfGone(s, task);
}

/** The grace is over, so that it is known which targets did not come back. */
export function doomIfTargetsGone(s: SchedulerState): void {
  doomGroups(s, [...s.placement.groups]);
  for (const task of s.waitingTargets.all()) doomIfGone(s, task);
}

function doomIfGone(s: SchedulerState, task: TaskRecord): void {
  if (areTargetsGone(s, task.flags.targets)) settle(s, task, "doom", doomedOutcome(task));
}

function doomGroups(s: SchedulerState, groups: readonly PlacementGroup[]): void {
  const doomed: TaskRecord[] = [];
  for (const { targets, queue } of groups) {
    if (targets === null || !areTargetsGone(s, [...targets])) continue;
    for (const task of queue) doomed.push(task);
  }
  doomed.sort((a, b) => a.order - b.order);
  for (const task of doomed) doom(s, task);
}

/** Settles a ready task that can never run. */
function doom(s: SchedulerState, task: TaskRecord): void {
  s.placement.remove(task);
  settle(s, task, "doom", doomedOutcome(task));
}

/** What a task becomes whose targets are gone: the error it ended with, if it ran, is more than that it can't run again. */
export function doomedOutcome(task: TaskRecord): TaskOutcome {
  if (task.lastFailure !== null) return task.lastFailure;
  const targets = task.flags.targets ?? [];
  const named = targets.length === 1 ? `its target, engine ${targets[0]}, is` : `its targets [${targets}] are all`;
  return systemFailure(
    "ImpossibleDependency",
    `Cannot run task "${task.id}": ${named} gone for good; name live engines in targets, or none`,
  );
}
