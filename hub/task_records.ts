/**
 * The records of all tasks: a fold of the scheduler's facts.
 *
 * It forgets when the scheduler does, and decides nothing. Owned by the hub.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import type { TaskStatus } from "../protocol/outcome.ts";
import type { TaskCounts } from "../protocol/status.ts";
import { PagedTable } from "../wire/paged_table.ts";
import { type FactOf, newRecord, settledStatus, type TaskRecord } from "./task_record.ts";
import { tellLostAttempt, tellWaiting } from "./task_story.ts";

/** The records of a cluster. */
export class TaskRecords {
  /** By what stands before the counter in a task id. A session's table goes with its last record. */
  readonly #tables = new Map<string, PagedTable<TaskRecord>>();
  /** The same in the order of submission. */
  readonly #ordered = new PagedTable<TaskRecord>();
  /** The one that was used last: facts of one client tend to come together. */
  #recent: { readonly prefix: string; readonly table: PagedTable<TaskRecord> } | null = null;
  #nextOrder = 0;
  readonly #counts = { waiting: 0, ready: 0, running: 0, done: 0, failed: 0, aborted: 0 };

  get(id: TaskId): TaskRecord | undefined {
    const table = this.#tableOf(id);
    return table?.get(counterOf(id));
  }

  /** By its place in the order of submission. */
  at(order: number): TaskRecord | undefined {
    return this.#ordered.get(order);
  }

  /** In the order of submission, from this place on. Others may come and go meanwhile. */
  from(order: number): Generator<TaskRecord> {
    return this.#ordered.from(order);
  }

  get size(): number {
    return this.#ordered.size;
  }

  /** How many tasks there are in each state; finished ones count for as long as the cluster lives. */
  counts(): TaskCounts {
    return { ...this.#counts };
  }

  accepted({ spec, submittedAt }: FactOf<"task-accepted">): void {
    const table = this.#tableOf(spec.id) ?? this.#addTable(spec.id);
    const record = newRecord(spec, this.#nextOrder++, submittedAt);
    table.set(counterOf(spec.id), record);
    this.#ordered.set(record.order, record);
    this.#counts.ready++;
  }

  /** The record of a task that was just assigned, or undefined where it is not known. */
  assigned(fact: FactOf<"task-assigned">): TaskRecord | undefined {
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
  unassigned(fact: FactOf<"attempt-failed" | "task-declined" | "task-returned">): void {
    const record = this.get(fact.task);
    if (record === undefined) return;
    tellLostAttempt(record, fact);
    record.assigned = null;
    if (fact.kind !== "attempt-failed" && record.attempts > 0) record.attempts--;
    if (record.status === "running") this.#move(record, "ready");
  }

  /** It waits for other tasks or for a pause to end, or does so no longer. */
  waits(fact: FactOf<"task-held" | "task-unblocked">): void {
    const record = this.get(fact.task);
    if (record === undefined) return;
    tellWaiting(record, fact);
    this.#move(record, fact.kind === "task-held" ? "waiting" : "ready");
  }

  /** Writes down what became of a task; whether it was running until now. */
  settled(fact: FactOf<"task-settled">): boolean {
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
    const record = table?.take(counterOf(id));
    if (table === undefined || record === undefined) return;
    this.#ordered.take(record.order);
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
