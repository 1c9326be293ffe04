/**
 * What is kept of every task: asked for when, run where, and what became of it. A fold of the scheduler's facts.
 *
 * It forgets when the scheduler does, and decides nothing. Owned by the hub.
 * @module
 */
import type { Fact } from "../protocol/facts.ts";
import type { EngineId, EngineUuid, TaskId } from "../protocol/ids.ts";
import type { AttemptReport, TaskOutcome, TaskStatus } from "../protocol/outcome.ts";
import type { TaskCounts } from "../protocol/status.ts";
import type { TaskSpec } from "../protocol/task_spec.ts";

/** One task. Times are epoch ms of the controller's clock. */
export interface TaskRecord {
  readonly spec: TaskSpec;
  status: TaskStatus;
  readonly submitted: number;
  /** Of the last attempt. */
  assigned: number | null;
  completed: number | null;
  engine: EngineId | null;
  uuid: EngineUuid | null;
  attempts: number;
  outcome: TaskOutcome | null;
  report: AttemptReport | null;
}

type SettledFact = Extract<Fact, { kind: "task-settled" }>;

function settledStatus(outcome: TaskOutcome): "done" | "failed" | "aborted" {
  if (outcome.kind === "done") return "done";
  return outcome.kind === "failed" && outcome.error.name === "TaskAborted" ? "aborted" : "failed";
}

/** The records of a cluster, in the order of submission. */
export class TaskRecords {
  readonly #records = new Map<TaskId, TaskRecord>();
  readonly #counts = { waiting: 0, ready: 0, running: 0, done: 0, failed: 0, aborted: 0 };

  get(id: TaskId): TaskRecord | undefined {
    return this.#records.get(id);
  }

  get size(): number {
    return this.#records.size;
  }

  /** How many tasks there are in each state; finished ones count for as long as the cluster lives. */
  counts(): TaskCounts {
    return { ...this.#counts };
  }

  accepted(spec: TaskSpec, at: number): void {
    this.#records.set(spec.id, {
      spec,
      status: "ready",
      submitted: at,
      assigned: null,
      completed: null,
      engine: null,
      uuid: null,
      attempts: 0,
      outcome: null,
      report: null,
    });
    this.#counts.ready++;
  }

  /** The record of a task that was just assigned, or undefined where it is not known. */
  assigned(fact: Extract<Fact, { kind: "task-assigned" }>): TaskRecord | undefined {
    const record = this.#records.get(fact.task);
    if (record === undefined) return undefined;
    this.#move(record, "running");
    record.assigned = fact.at;
    record.engine = fact.engine;
    record.uuid = fact.uuid;
    record.attempts = fact.attempt;
    return record;
  }

  /** Its attempt came to nothing; it will run again unless it is settled next. */
  unassigned(id: TaskId): void {
    const record = this.#records.get(id);
    if (record !== undefined && record.status === "running") this.#move(record, "ready");
  }

  settled(fact: SettledFact): TaskRecord | undefined {
    const record = this.#records.get(fact.task);
    if (record === undefined) return undefined;
    this.#move(record, settledStatus(fact.outcome));
    record.completed = fact.at;
    record.engine = fact.engine;
    record.uuid = fact.uuid;
    record.attempts = fact.attempts;
    record.outcome = fact.outcome;
    record.report = fact.report;
    return record;
  }

  forgotten(id: TaskId): void {
    this.#records.delete(id);
  }

  #move(record: TaskRecord, status: TaskStatus): void {
    this.#counts[record.status]--;
    this.#counts[status]++;
    record.status = status;
  }
}
