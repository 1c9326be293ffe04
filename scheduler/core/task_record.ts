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
import type { Dependents, TaskWaits } from "./dependency_watch.ts";
import type { EngineRecord } from "./engine_record.ts";
import type { InputPlace } from "./inputs.ts";
import type { Orphan } from "./orphan.ts";
import type { PlacementGroup } from "./placement_group.ts";
import type { SessionRecord } from "./session_record.ts";
import type { Timer } from "./timers.ts";
import type { TaskState } from "./transitions.ts";

/** The incarnation an attempt was on. */
export interface AttemptPlace {
  readonly id: EngineId;
  readonly uuid: EngineUuid | null;
}

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
  /** Where that attempt ran. */
  lastPlace: AttemptPlace | null = null;
  /** The encoded error of the last attempt that threw or declined. */
  lastError: Payload | null = null;
  /** What it waits for, and where it may run because of it; `null`: nothing, and anywhere. */
  waits: TaskWaits | null = null;
  /** While it is ready: where the biggest of its inputs lies; `null`: nowhere, or all are small. */
  near: InputPlace | null = null;
  /** Who waits for it. */
  dependents: Dependents | null = null;
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
  /** `lent`: it waits for tasks of its own, and another may run in its place; `retaken`: it did. Set by its engine alone. */
  slot: "held" | "lent" | "retaken" = "held";
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

const US_PER_MS = 1_000;
/** Its client was there to be told. */
const DELIVERED = 1;
const CHUNKED = 2;
const MARKS = 4;
/** In the place of a run time: nothing was reported. */
const NO_REPORT = -1;

/**
 * A settled task, for as long as it is kept. There are many: times are small whole numbers (ms since the session began,
 * µs of run time), and the texts that a task printed are kept only where it printed some.
 */
export class FinishedRecord {
  readonly state = "settled" satisfies TaskState;
  readonly session: SessionRecord;
  readonly counter: number;
  readonly outcome: TaskOutcome;
  readonly engine: EngineId | null;
  readonly uuid: EngineUuid | null;
  /** Bytes of its arguments, which the hub keeps as long as this record is kept. */
  readonly argBytes: number;
  prev: FinishedRecord | null = null;
  next: FinishedRecord | null = null;
  readonly #settledMs: number;
  readonly #runUs: number;
  readonly #ageMs: number;
  readonly #printed: AttemptReport | null;
  #keptMs: number;
  /** The attempts, and in the lowest bits what is true of it. */
  #attemptsAndMarks: number;

  constructor(
    session: SessionRecord,
    counter: number,
    outcome: TaskOutcome,
    ran: { readonly engine: EngineId | null; readonly uuid: EngineUuid | null; readonly attempts: number },
    report: AttemptReport | null,
    argBytes: number,
    settledAt: number,
    delivered: boolean,
    chunked = false,
  ) {
    this.session = session;
    this.counter = counter;
    this.outcome = outcome;
    this.engine = ran.engine;
    this.uuid = ran.uuid;
    this.argBytes = argBytes;
    this.#attemptsAndMarks = MARKS * ran.attempts + (chunked ? CHUNKED : 0) + (delivered ? DELIVERED : 0);
    this.#runUs = report === null ? NO_REPORT : Math.round(report.runMs * US_PER_MS);
    this.#ageMs = report === null ? 0 : Math.round(report.ageMs);
    this.#printed = report !== null && shownLength(report) > 0 ? report : null;
    this.#settledMs = this.#keptMs = Math.round(settledAt - session.bornAt);
  }

  get id(): TaskId {
    return `${this.session.id}-${this.counter}` as TaskId;
  }

  get attempts(): number {
    return Math.floor(this.#attemptsAndMarks / MARKS);
  }

  /** Its client was there to be told. */
  get delivered(): boolean {
    return (this.#attemptsAndMarks & DELIVERED) !== 0;
  }

  /** Its result is the list of the outcomes of several items of a map. */
  get chunked(): boolean {
    return (this.#attemptsAndMarks & CHUNKED) !== 0;
  }

  /** Its client is told now. */
  deliver(): void {
    this.#attemptsAndMarks |= DELIVERED;
  }

  /** Epoch ms. */
  get settledAt(): number {
    return this.session.bornAt + this.#settledMs;
  }

  /** Its age counts from here: settled, or told to its client later. Epoch ms. */
  get keptSince(): number {
    return this.session.bornAt + this.#keptMs;
  }

  set keptSince(at: number) {
    this.#keptMs = Math.round(at - this.session.bornAt);
  }

  /** Of the last attempt; `null` where none was reported. */
  get report(): AttemptReport | null {
    if (this.#runUs === NO_REPORT) return null;
    const { stdout, stderr, data } = this.#printed ?? { stdout: "", stderr: "" };
    const report = { runMs: this.#runUs / US_PER_MS, ageMs: this.#ageMs, stdout, stderr };
    return data === undefined ? report : { ...report, data };
  }

  /** Characters that it printed, and bytes that it published. */
  get printedLength(): number {
    return this.#printed === null ? 0 : shownLength(this.#printed);
  }
}

function shownLength({ stdout, stderr, data }: AttemptReport): number {
  return stdout.length + stderr.length + (data?.length ?? 0);
}
