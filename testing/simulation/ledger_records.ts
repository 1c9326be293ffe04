/**
 * What the ledger knows of tasks, attempts and engines in one life of a scheduler.
 *
 * Records only: written by `ledger.ts`, read by the rules.
 * @module
 */
import type { EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome, TaskOutcome } from "../../protocol/outcome.ts";
import type { TaskFlags, TaskSpec } from "../../protocol/task_spec.ts";

/** One process of an engine. One that was lost with its host and comes back counts as another. */
export class LedgerEngine {
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly host: HostId;
  readonly slots: number;
  alive = true;
  /** It was there before, under the same uuid. */
  readonly isBack: boolean;
  draining = false;
  /** When the scheduler was told that it ended. */
  endedAt = Infinity;
  readonly joinedInStep: number;
  /** Attempts that it was given and that are not over. */
  readonly open: Set<LedgerDispatch> = new Set();

  constructor(id: EngineId, uuid: EngineUuid, host: HostId, slots: number, isBack: boolean, step: number) {
    this.joinedInStep = step;
    this.isBack = isBack;
    this.id = id;
    this.uuid = uuid;
    this.host = host;
    this.slots = slots;
  }
}

/** One attempt that a host was given. */
export class LedgerDispatch {
  readonly epoch: Epoch;
  readonly number: number;
  readonly task: TaskId;
  readonly host: HostId;
  /** Counts from 1. */
  readonly attempt: number;
  engine: LedgerEngine | null;
  /** Why the scheduler need not wait for its report any more. */
  over: "reported" | "host lost" | "overdue" | "refused" | null = null;
  outcome: AttemptOutcome | null = null;
  /** Of an earlier life, and ended: the process it ended on. */
  heldUuid: EngineUuid | null = null;
  /** Of an earlier life: it has been taken up, or let go of. */
  used = false;

  constructor(
    epoch: Epoch,
    number: number,
    task: TaskId,
    host: HostId,
    attempt: number,
    engine: LedgerEngine | null,
  ) {
    this.attempt = attempt;
    this.epoch = epoch;
    this.number = number;
    this.task = task;
    this.host = host;
    this.engine = engine;
  }

  end(why: "reported" | "host lost" | "overdue" | "refused"): void {
    this.over = why;
    this.engine?.open.delete(this);
  }
}

/** A task that this life has accepted. */
export class LedgerTask {
  readonly spec: TaskSpec;
  readonly session: Session;
  /** Its place in the order of submission over all clients. */
  readonly order: number;
  readonly submittedAt: number;
  status: "open" | "settled" | "forgotten" = "open";
  current: LedgerDispatch | null = null;
  outcome: TaskOutcome | null = null;
  /** Of the last attempt, once settled. */
  uuid: EngineUuid | null = null;
  failures = 0;
  readonly failedOn: Set<LedgerEngine> = new Set();
  readonly declinedOn: Set<LedgerEngine> = new Set();
  lastFailure: AttemptOutcome | null = null;
  /** Between these two times it pauses before its next attempt. */
  pause: { readonly from: number; readonly to: number } | null = null;
  /** Its deadline does not apply: it came back for nothing. */
  spared = false;
  /** What an earlier life left of it may have told the scheduler where it can't run. */
  isUnsure = false;
  /** It was running when this life began. */
  adopted = false;
  /** Where it was then, if this life knows too little of what it follows: that ran there. */
  sentTo: EngineUuid | null = null;
  readonly acceptedInStep: number;
  forgottenInStep = Infinity;
  /** The number of the step in which it last went into the queue, or may have. */
  movedInStep: number;
  /** It was ready once: it waits only for places after that. */
  wasAssigned = false;
  /** What it waits for has happened; that never changes back. */
  afterMet = false;

  constructor(spec: TaskSpec, session: Session, order: number, submittedAt: number, step: number) {
    this.acceptedInStep = this.movedInStep = step;
    this.spec = spec;
    this.session = session;
    this.order = order;
    this.submittedAt = submittedAt;
  }

  /** It declined its engine, and is in the queue again. */
  decline(engine: LedgerEngine | null, step: number): void {
    this.current = null;
    this.spared = false;
    this.movedInStep = step;
    if (engine !== null) this.declinedOn.add(engine);
  }

  /** It failed and is tried again, after its pause. */
  fail(outcome: AttemptOutcome | null, engine: LedgerEngine | null, now: number, step: number): void {
    this.failures++;
    this.lastFailure = outcome ?? { kind: "engine-died", message: "" };
    this.spared = false;
    this.movedInStep = step;
    if (engine !== null) this.failedOn.add(engine);
    const { backoff } = this.flags;
    if (backoff === null) return;
    const fullMs = Math.min(backoff.initialMs * backoff.factor ** (this.failures - 1), backoff.maxMs);
    if (fullMs > 0) this.pause = { from: now + fullMs * (1 - backoff.jitter), to: now + fullMs };
  }

  /** It came back for nothing. */
  comeBack(step: number): void {
    this.spared = true;
    this.movedInStep = step;
  }

  get id(): TaskId {
    return this.spec.id;
  }

  get flags(): TaskFlags {
    return this.spec.template.flags;
  }

  get deadline(): number {
    return this.flags.timeoutMs > 0 ? this.submittedAt + this.flags.timeoutMs : Infinity;
  }

  get completed(): boolean {
    return this.outcome?.kind === "done";
  }
}
