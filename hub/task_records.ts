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
import { PagedTable } from "../wire/paged_table.ts";

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

/** The records of a cluster. */
export class TaskRecords {
  /** By what stands before the counter in a task id. A session's table goes with its last record. */
  readonly #tables = new Map<string, PagedTable<TaskRecord>>();
  /** The one that was used last: facts of one client tend to come together. */
  #recent: { readonly prefix: string; readonly table: PagedTable<TaskRecord> } | null = null;
  #size = 0;
  readonly #counts = { waiting: 0, ready: 0, running: 0, done: 0, failed: 0, aborted: 0 };

  get(id: TaskId): TaskRecord | undefined {
    const table = this.#tableOf(id);
    return table?.get(counterOf(id));
  }

  get size(): number {
    return this.#size;
  }

  /** How many tasks there are in each state; finished ones count for as long as the cluster lives. */
  counts(): TaskCounts {
    return { ...this.#counts };
  }

  accepted(spec: TaskSpec, at: number): void {
    const table = this.#tableOf(spec.id) ?? this.#addTable(spec.id);
    this.#size++;
    table.set(counterOf(spec.id), {
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
    const record = this.get(fact.task);
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
    const record = this.get(id);
    if (record !== undefined && record.status === "running") this.#move(record, "ready");
  }

  /** Writes down what became of a task; whether it was running until now. */
  settled(fact: SettledFact): boolean {
    const record = this.get(fact.task);
    if (record === undefined) return false;
    const ran = record.status === "running";
    this.#move(record, settledStatus(fact.outcome));
    record.completed = fact.at;
    record.engine = fact.engine;
    record.uuid = fact.uuid;
    record.attempts = fact.attempts;
    record.outcome = fact.outcome;
    record.report = fact.report;
    return ran;
  }

  forgotten(id: TaskId): void {
    const table = this.#tableOf(id);
    if (table?.take(counterOf(id)) === undefined) return;
    this.#size--;
    if (table.size > 0) return;
    this.#tables.delete(prefixOf(id));
    this.#recent = null;
  }

  #tableOf(id: TaskId): PagedTable<TaskRecord> | undefined {
    if (this.#recent !== null && id.startsWith(this.#recent.prefix)) return this.#recent.table;
    const prefix = prefixOf(id);
    const table = this.#tables.get(prefix);
    if (table !== undefined) this.#recent = { prefix, table };
    return table;
  }

  #addTable(id: TaskId): PagedTable<TaskRecord> {
    const prefix = prefixOf(id);
    const table = new PagedTable<TaskRecord>();
    this.#tables.set(prefix, table);
    this.#recent = { prefix, table };
    return table;
  }

  #move(record: TaskRecord, status: TaskStatus): void {
    this.#counts[record.status]--;
    this.#counts[status]++;
    record.status = status;
  }
}

/** Up to and with the dash: no prefix begins another. */
function prefixOf(id: TaskId): string {
  return id.slice(0, id.lastIndexOf("-") + 1);
}

function counterOf(id: TaskId): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
