/**
 * What is kept of one task: asked for when, run where, and what became of it.
 *
 * A record and how it begins; `task_records.ts` keeps them, others of this folder read them.
 * @module
 */
import type { Fact } from "../protocol/facts.ts";
import type { StoryLine } from "../protocol/explanation.ts";
import type { EngineId, EngineUuid } from "../protocol/ids.ts";
import type { AttemptReport, TaskOutcome, TaskStatus } from "../protocol/outcome.ts";
import type { TaskSpec } from "../protocol/task_spec.ts";

/** One task. Times are epoch ms of the controller's clock. */
export interface TaskRecord {
  readonly spec: TaskSpec;
  /** Its place in the order of submission over all clients. */
  readonly order: number;
  status: TaskStatus;
  readonly submitted: number;
  /** Of the attempt that is under way, or was the last; `null`: there is none, or it came to nothing. */
  assigned: number | null;
  completed: number | null;
  /** Of the last attempt. */
  engine: EngineId | null;
  uuid: EngineUuid | null;
  attempts: number;
  outcome: TaskOutcome | null;
  report: AttemptReport | null;
  /** What happened to it besides the straight way: submitted, assigned, settled. */
  detours: StoryLine[] | null;
}

/** The record of a task that was just accepted. */
export function newRecord(spec: TaskSpec, order: number, submitted: number): TaskRecord {
  return {
    spec,
    order,
    status: "ready",
    submitted,
    assigned: null,
    completed: null,
    engine: null,
    uuid: null,
    attempts: 0,
    outcome: null,
    report: null,
    detours: null,
  };
}

/** A fact of this kind. */
export type FactOf<Kind extends Fact["kind"]> = Extract<Fact, { readonly kind: Kind }>;

/** The word for how it ended. */
export function settledStatus(outcome: TaskOutcome): "done" | "failed" | "aborted" {
  if (outcome.kind === "done") return "done";
  return outcome.kind === "failed" && outcome.error.name === "TaskAborted" ? "aborted" : "failed";
}
