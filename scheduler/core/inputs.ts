/**
 * Results of tasks in the arguments of others: what a task is given, whether it is still there, and where the biggest is.
 *
 * That it waits for them is the business of `dependencies.ts`; here they are only looked up. Called by `assignment.ts`,
 * `queueing.ts` and `settlement.ts`.
 * @module
 */
import type { EngineId, HostId, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import type { DependencySpec, InputRef, Payload, TaskInput, TaskSpec } from "../../protocol/task_spec.ts";
import { inputGoneOutcome, inputLostOutcome } from "./dependency_errors.ts";
import type { SchedulerState } from "./state.ts";
import { FinishedRecord, type TaskRecord } from "./task_record.ts";

/** Where the biggest input of a task lies. */
export interface InputPlace {
  readonly host: HostId;
  /** The engine that made it; `null`: nobody knows. */
  readonly engine: EngineId | null;
}

const NONE: readonly Payload[] = [];

/** The tasks whose results it is given, as a dependency; `null`: there are none. */
export function inputDependency({ inputs }: TaskSpec): DependencySpec | null {
  if (inputs === undefined) return null;
  const ids = inputs.every(isId) ? inputs : inputs.filter(isId);
  return ids.length === 0 ? null : { ids, all: true, success: true, failure: false };
}

function isId(input: TaskInput): input is TaskId {
  return typeof input === "string";
}

/** What it is given, in order; each of its inputs is done. */
export function inputPayloads(s: SchedulerState, { inputs }: TaskSpec): readonly Payload[] {
  if (inputs === undefined) return NONE;
  return inputs.flatMap((input) => valueOf(s, input) ?? NONE);
}

/** Why a task that is ready can't be given what it names; `null`: it can. */
export function missingInput(s: SchedulerState, task: TaskRecord): TaskOutcome | null {
  const { inputs } = task.spec;
  if (inputs === undefined) return null;
  for (const input of inputs) {
    const value = valueOf(s, input);
    if (value === null) return inputGoneOutcome(task, input);
    // Until the hosts of the last life have come back nobody knows which of them are gone.
    if (s.grace === null && isBlob(value) && !s.registry.hosts.has(value.home)) {
      return inputLostOutcome(task, input, value);
    }
  }
  return null;
}

/** The host that has the biggest of its inputs that is a blob; `null`: none is. */
export function nearestPlace(s: SchedulerState, { inputs }: TaskSpec): InputPlace | null {
  if (inputs === undefined) return null;
  let biggest: InputRef | null = null;
  let engine: EngineId | null = null;
  for (const input of inputs) {
    const value = valueOf(s, input);
    if (value === null || !isBlob(value) || (biggest !== null && value.size <= biggest.size)) continue;
    biggest = value;
    const maker = isId(input) ? s.task(input) : null;
    engine = maker instanceof FinishedRecord ? maker.engine : biggest.maker ?? null;
  }
  return biggest === null ? null : { host: biggest.home, engine };
}

/** `null`: it is not there, or not any more. */
function valueOf(s: SchedulerState, input: TaskInput): Uint8Array | InputRef | null {
  if (!isId(input)) return input;
  const record = s.task(input);
  if (!(record instanceof FinishedRecord) || record.outcome.kind !== "done") return null;
  const { value } = record.outcome;
  // No encoded value is empty: of what an earlier life settled only the outcome may be known.
  return value instanceof Uint8Array && value.length === 0 ? null : value;
}

function isBlob(value: Payload): value is InputRef {
  return !(value instanceof Uint8Array);
}
