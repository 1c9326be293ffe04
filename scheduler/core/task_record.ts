/**
 * What the core keeps of a task while it lives (`TaskRecord`), of one attempt of it, and of what is left when it ended.
 *
 * Plain records with mutable fields, changed only by the modules of the core. A queued task takes a few hundred bytes:
 * think before adding a field.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, Epoch, TaskId } from "../../protocol/ids.ts";
import type { AttemptReport, TaskOutcome } from "../../protocol/outcome.ts";
import type { Payload, TaskFlags, TaskSpec } from "../../protocol/task_spec.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { Orphan } from "./orphan.ts";
import type { PlacementGroup } from "./placement_group.ts";
import type { SessionRecord } from "./session_record.ts";
import type { Timer } from "./timers.ts";
import type { TaskState } from "./transitions.ts";

/** A task that is not settled. */
export class TaskRecord {
  readonly spec: TaskSpec;
  readonly session: SessionRecord;
  readonly counter: number;
  /** Its place in the order of submission over all clients; it never changes. */
  readonly order: number;
  /** When `apply` was called, epoch ms. */
  readonly submittedAt: number;
  state: TaskState = "new";
  /** The group it stands in while ready. */
  group: PlacementGroup | null = null;
  prev: TaskRecord | null = null;
  next: TaskRecord | null = null;
  heapIndex = -1;
  attempt: Attempt | null = null;
  /** Attempts that ran: neither returned nor declined. */
  attempts = 0;
  /** Attempts that failed and were paid for with a retry. */
  failures = 0;
  /** Serials of the engines (incarnations) that failed it, ascending. */
  failedOn: readonly number[] | null = null;
  /** Serials of those that declined it, ascending. */
  declinedOn: readonly number[] | null = null;
  /** What the last failed attempt would have made of it, had there been no retry left. */
  lastFailure: TaskOutcome | null = null;
  /** The encoded error of the last attempt that threw or declined. */
  lastError: Payload | null = null;
  deadline: Timer | null = null;
  pause: Timer | null = null;

  constructor(spec: TaskSpec, session: SessionRecord, counter: number, order: number, submittedAt: number) {
    this.spec = spec;
    this.session = session;
    this.counter = counter;
    this.order = order;
    this.submittedAt = submittedAt;
  }

  get id(): TaskId {
    return this.spec.id;
  }

  get flags(): TaskFlags {
    return this.spec.template.flags;
  }
}

/** One dispatch that has not ended: it takes a place on its engine, whatever became of its task. */
export class Attempt {
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  /** Where it was dispatched to, or the next process there: a host keeps what reached it between two. */
  engine: EngineRecord;
  /** `null`: its task was aborted, or is not known here (then `orphan` is set). */
  task: TaskRecord | null;
  orphan: Orphan | null = null;
  /** What it was expected to take when it was assigned, whole µs: `UNKNOWN_US` where nothing is known. */
  readonly expectedUs: number;
  /** Its host was asked to give it back. Once is enough: what has not come back then, has begun. */
  calledBack = false;
  prev: Attempt | null = null;
  next: Attempt | null = null;

  constructor(
    epoch: Epoch,
    number: DispatchNumber,
    engine: EngineRecord,
    task: TaskRecord | null,
    expectedUs: number,
  ) {
    this.epoch = epoch;
    this.number = number;
    this.engine = engine;
    this.task = task;
    this.expectedUs = expectedUs;
  }
}

/** A settled task, for as long as it is kept. */
export class FinishedRecord {
  readonly state = "settled" satisfies TaskState;
  readonly session: SessionRecord;
  readonly counter: number;
  readonly outcome: TaskOutcome;
  readonly engine: EngineId | null;
  readonly uuid: EngineUuid | null;
  readonly attempts: number;
  readonly report: AttemptReport | null;
  /** Bytes of its arguments, which the hub keeps as long as this record is kept. */
  readonly argBytes: number;
  readonly settledAt: number;
  /** Its client was there to be told. */
  delivered: boolean;
  /** Its age counts from here: settled, or told to its client later. */
  keptSince: number;
  prev: FinishedRecord | null = null;
  next: FinishedRecord | null = null;

  constructor(
    session: SessionRecord,
    counter: number,
    outcome: TaskOutcome,
    ran: { readonly engine: EngineId | null; readonly uuid: EngineUuid | null; readonly attempts: number },
    report: AttemptReport | null,
    argBytes: number,
    settledAt: number,
    delivered: boolean,
  ) {
    this.session = session;
    this.counter = counter;
    this.outcome = outcome;
    this.engine = ran.engine;
    this.uuid = ran.uuid;
    this.attempts = ran.attempts;
    this.report = report;
    this.argBytes = argBytes;
    this.settledAt = settledAt;
    this.delivered = delivered;
    this.keptSince = settledAt;
  }

  get id(): TaskId {
    return `${this.session.id}-${this.counter}` as TaskId;
  }
}
