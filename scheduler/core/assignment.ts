/**
 * Gives ready tasks to free engines, as long as there are both.
 *
 * Runs once at the end of each step; in the grace of a new life it does nothing.
 * @module
 */
import type { DispatchNumber } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { Dispatch } from "./effects.ts";
import type { EngineRecord } from "./engine_record.ts";
import { inputPayloads, missingInput } from "./inputs.ts";
import { move } from "./moves.ts";
import { tellLent } from "./on_slots.ts";
import { settle } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import { Attempt, type TaskRecord } from "./task_record.ts";

/** Assigns all that can be assigned now. */
export function assignReady(s: SchedulerState): void {
  if (s.grace !== null) return;
  for (let pair = s.placement.next(s.now); pair !== null; pair = s.placement.next(s.now)) {
    const missing = missingInput(s, pair.task);
    if (missing === null) assign(s, pair.task, pair.engine);
    else refuse(s, pair.task, missing);
  }
}

/** It became ready when all that it is given was there. */
function refuse(s: SchedulerState, task: TaskRecord, missing: TaskOutcome): void {
  s.placement.remove(task);
  settle(s, task, "doom", task.lastFailure ?? missing);
}

function assign(s: SchedulerState, task: TaskRecord, engine: EngineRecord): void {
  const { epoch } = s.options;
  const number = s.nextNumber++ as DispatchNumber;
  task.session.served = ++s.assignments;
  s.placement.remove(task);
  if (task.deadline !== null) s.timers.clear(task.deadline);
  task.deadline = null;
  move(s, task, "assign", engine.id);
  task.attempts++;
  const expectedUs = s.options.hwm === "auto" ? s.estimates.of(task.spec.template.code) : 0;
  attach(s, new Attempt(epoch, number, engine, task, expectedUs));
  s.out.effect(dispatchOf(s, task, engine, number));
  tellAssigned(s, task, engine, number);
}

function dispatchOf(
  s: SchedulerState,
  { spec, attempts }: TaskRecord,
  engine: EngineRecord,
  number: DispatchNumber,
): Dispatch {
  const dispatch = {
    kind: "dispatch",
    host: engine.host.id,
    engine: engine.id,
    number,
    attempt: attempts,
    spec,
  } as const;
  return spec.inputs === undefined ? dispatch : { ...dispatch, inputs: inputPayloads(s, spec) };
}

/** Puts an attempt on its engine: the last of what it has to do, and it counts as used. */
export function attach(s: SchedulerState, attempt: Attempt): void {
  const { engine, task } = attempt;
  if (task !== null) task.attempt = attempt;
  if (engine.load === 0) engine.heardAt = s.now;
  engine.add(attempt);
  engine.usedAt = s.assignments;
  s.dispatches.add(attempt);
  s.placement.engineChanged(engine);
}

/** Takes an attempt that is over off its engine. */
export function detach(s: SchedulerState, attempt: Attempt): void {
  const { engine, task } = attempt;
  if (task !== null) task.attempt = null;
  engine.remove(attempt);
  engine.heardAt = s.now;
  s.dispatches.delete(attempt);
  s.placement.engineChanged(engine);
  if (attempt.slot === "lent") tellLent(s, engine);
  if (engine.overdue === null || engine.load > 0) return;
  s.timers.clear(engine.overdue);
  engine.overdue = null;
}

/** Writes down where a task is now. */
export function tellAssigned(s: SchedulerState, task: TaskRecord, engine: EngineRecord, number: DispatchNumber): void {
  if (!s.options.facts) return;
  s.out.fact({
    kind: "task-assigned",
    at: s.now,
    task: task.id,
    engine: engine.id,
    uuid: engine.uuid,
    number,
    attempt: task.attempts,
  });
}
