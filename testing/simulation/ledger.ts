/**
 * What an observer can know of a scheduler's life from what it is told, what it orders and the facts it writes: who is
 * there, which attempts are open, what became of each task. A second account, independent of the core's.
 *
 * Keeps the account and calls the rules where something is to be judged; decides nothing. Owned by `world.ts`.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { ContentHash, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome, TaskOutcome } from "../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type TaskSpec } from "../../protocol/task_spec.ts";
import type { Dispatch, Effect, Settle } from "../../scheduler/core/effects.ts";
import type { AttemptsEnded, HeldAttempt, HostJoined, SchedulerEvent } from "../../scheduler/core/events.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { BrokenRule, type RuleName } from "./broken_rule.ts";
import type { DependencyView } from "./dependency_oracle.ts";
import { checkDispatch } from "./dispatch_rules.ts";
import { LedgerDispatch, LedgerEngine, LedgerTask } from "./ledger_records.ts";
import { checkSettled, checkVerdict } from "./settle_rules.ts";
import { type EarlierOutcome, outcomeText } from "./simulated_client.ts";
import { dispatchKey } from "./simulated_run.ts";

/** What outlives a life of the scheduler. */
export interface WorldMemory {
  /** Tasks that somebody asked to abort, ever. */
  readonly abortsAsked: Set<TaskId>;
}

/** Stands for a task of an earlier life of which only its outcome is told. */
const EARLIER_SPEC: TaskSpec = {
  id: "" as TaskId,
  template: { code: "" as ContentHash, name: "", flags: DEFAULT_FLAGS, captures: null },
  args: new Uint8Array(0),
};
const EARLIER_ORDER = -1;
const DONE_EARLIER: TaskOutcome = { kind: "done", value: new Uint8Array(0) };
/** How an attempt ended whose task was settled in one of these ways. */
const ATTEMPT_KINDS: Readonly<Record<TaskOutcome["kind"], readonly AttemptOutcome["kind"][]>> = {
  done: ["done"],
  threw: ["threw"],
  failed: ["engine-died", "timed-out"],
};
const FAILED_EARLIER: TaskOutcome = { kind: "threw", error: new Uint8Array(0) };

export class Ledger implements DependencyView {
  readonly memory: WorldMemory;
  readonly tasks: Map<TaskId, LedgerTask> = new Map();
  readonly open: Set<LedgerTask> = new Set();
  /** Every process that was ever ready, by uuid. */
  readonly engines: Map<EngineUuid, LedgerEngine> = new Map();
  /** The live ones, by id. */
  readonly current: Map<EngineId, LedgerEngine> = new Map();
  readonly unreachable: Set<HostId> = new Set();
  /** When each client was served last, on a counter of assignments. */
  readonly served: Map<Session, number> = new Map();
  /** Clients in the order in which they were first heard of. */
  readonly sessions: Map<Session, number> = new Map();
  options: SchedulerOptions;
  now = 0;
  /** Counts what the scheduler was told. */
  step = 0;
  graceUntil = 0;
  readonly #dispatches = new Map<string, LedgerDispatch>();
  readonly #heldFor = new Map<TaskId, LedgerDispatch[]>();
  readonly #incarnations = new Map<HostId, string>();
  readonly #incomplete = new Set<Session>();
  #ages: ReadonlyMap<TaskId, number> = new Map();
  #order = 0;
  #assignments = 0;
  #settledNow: LedgerTask[] = [];
  /** Brought along in this step, and running or queued. */
  #heldNow: { readonly dispatch: LedgerDispatch; readonly engine: EngineId }[] = [];
  #leftRunning: LedgerDispatch[] = [];
  #tell: (task: TaskId, text: () => string) => void = () => {};

  constructor(options: SchedulerOptions, memory: WorldMemory) {
    this.options = options;
    this.memory = memory;
  }

  /** The account goes on in a life that knows all that this one knew. */
  continueAs(options: SchedulerOptions): void {
    this.options = options;
  }

  get inGrace(): boolean {
    return this.now < this.graceUntil;
  }

  task(id: TaskId): LedgerTask | undefined {
    return this.tasks.get(id);
  }

  isAlive(uuid: EngineUuid): boolean | null {
    const engine = this.engines.get(uuid);
    if (engine === undefined) return null;
    if (engine.isBack) return null;
    return engine.alive || (this.inGrace ? null : false);
  }

  allows({ flags: { targets }, declinedOn }: LedgerTask, uuid: EngineUuid): boolean {
    const engine = this.engines.get(uuid);
    if (engine === undefined) return false;
    return (targets === null || targets.includes(engine.id)) && !declinedOn.has(engine);
  }

  mayStillCome(id: TaskId): boolean {
    return this.#incomplete.has(id.slice(0, Math.max(0, id.lastIndexOf("-"))) as Session);
  }

  /** Live processes that take tasks, now or once they are less busy. */
  *takers(): Generator<LedgerEngine> {
    for (const engine of this.current.values()) if (!engine.draining) yield engine;
  }

  /** Tasks that an engine may have at a time; `Infinity`: any number. */
  limitOf(engine: LedgerEngine): number {
    const { hwm } = this.options;
    return typeof hwm === "number" && hwm > 0 ? hwm * engine.slots : Infinity;
  }

  /** What the core is about to be told. */
  hear(event: SchedulerEvent): void {
    this.now = Math.max(this.now, event.at);
    this.step++;
    this.#settledNow = [];
    this.#endOverdue();
    switch (event.kind) {
      case "tasks-submitted":
        this.#ages = new Map(event.specs.map(({ id }, i) => [id, event.agesMs?.[i] ?? 0]));
        this.#learn(event);
        if (event.more) this.#incomplete.add(event.session);
        else this.#incomplete.delete(event.session);
        return this.#meet(event.session);
      case "client-attached":
        return this.#meet(event.session);
      case "client-left":
        return void this.#incomplete.delete(event.session);
      case "attempts-ended":
        return this.#attemptsEnded(event);
      case "host-joined":
        return this.#hostJoined(event);
      case "host-lost":
        return this.#hostGone(event.host);
      case "host-unreachable":
        return void this.unreachable.add(event.host);
      case "host-reachable":
        return void this.unreachable.delete(event.host);
      case "engine-ended": {
        const engine = this.engines.get(event.uuid);
        if (engine !== undefined) engine.endedAt = Math.min(engine.endedAt, this.now);
        return;
      }
      case "abort-requested":
        for (const id of event.ids) this.memory.abortsAsked.add(id);
    }
  }

  /** What the core ordered. `tell` takes what belongs in the story of a task. */
  see(effects: readonly Effect[], tell: (task: TaskId, text: () => string) => void): void {
    this.#tell = tell;
    const dispatches = new Map<number, Dispatch>();
    for (const effect of effects) if (effect.kind === "dispatch") dispatches.set(effect.number, effect);
    for (const effect of effects) {
      if (effect.kind === "facts") { for (const fact of effect.facts) this.#fold(fact, dispatches); }
    }
    this.#placeHeld(effects);
    this.#checkStopped(effects);
    if (dispatches.size > 0) this.complain("facts and orders agree", "an attempt was ordered and not written down");
    for (const effect of effects) if (effect.kind === "settle") this.#told(effect);
    for (const task of this.#settledNow) checkVerdict(this, task);
  }

  /** Whether the scheduler still waits for the report of this dispatch. */
  expects(epoch: Epoch, number: number): boolean {
    const dispatch = this.#dispatches.get(dispatchKey(epoch, number));
    return dispatch?.over === null && this.tasks.get(dispatch.task)?.current === dispatch;
  }

  /** A task that is settled while an attempt of it runs is aborted: its host has to know. */
  #checkStopped(effects: readonly Effect[]): void {
    const stopped = stoppedIn(effects);
    for (const { epoch, number, task } of this.#leftRunning) {
      if (stopped.has(dispatchKey(epoch, number))) continue;
      this.complain("nothing is left over", "it is aborted, and its host is not told to stop it", task);
    }
    this.#leftRunning = [];
  }

  /** What a host brought along takes a place on its engine, unless the host is told to stop it. */
  #placeHeld(effects: readonly Effect[]): void {
    const stopped = stoppedIn(effects);
    for (const { dispatch, engine: id } of this.#heldNow) {
      const engine = this.current.get(id) ?? null;
      if (stopped.has(dispatchKey(dispatch.epoch, dispatch.number)) || engine === null) dispatch.end("refused");
      else if (dispatch.over === null) {
        dispatch.engine = engine;
        engine.open.add(dispatch);
      }
    }
    this.#heldNow = [];
  }

  complain(rule: RuleName, what: string, ...tasks: readonly TaskId[]): never {
    throw new BrokenRule(rule, what, tasks);
  }

  /** What became of tasks that this life has never seen. */
  #learn({ session, known = [] }: { readonly session: Session; readonly known?: readonly EarlierOutcome[] }): void {
    for (const { task: id, ok, engineUuid } of known) {
      if (this.tasks.has(id)) continue;
      const task = new LedgerTask(EARLIER_SPEC, session, EARLIER_ORDER, this.now, 0);
      task.status = "settled";
      task.outcome = ok ? DONE_EARLIER : FAILED_EARLIER;
      task.uuid = engineUuid;
      this.tasks.set(id, task);
    }
  }

  #meet(session: Session): void {
    if (!this.sessions.has(session)) this.sessions.set(session, this.sessions.size);
  }

  #attemptsEnded({ host, epoch, results }: AttemptsEnded): void {
    for (const { number, outcome } of results) {
      const dispatch = this.#dispatches.get(dispatchKey(epoch, number));
      if (dispatch === undefined || dispatch.over !== null || dispatch.host !== host) continue;
      dispatch.outcome = outcome;
      dispatch.end("reported");
      const task = this.tasks.get(dispatch.task);
      // A task that was declined goes back to the queue without a word.
      if (outcome.kind === "declined" && task?.current === dispatch) {
        this.#declined(task, dispatch.engine);
      }
    }
  }

  /** A living host had its time to report what was with an engine that ended. */
  #endOverdue(): void {
    for (const engine of this.engines.values()) {
      if (engine.open.size === 0 || this.now < engine.endedAt + this.options.reportGraceMs) continue;
      for (const dispatch of [...engine.open]) dispatch.end("overdue");
    }
  }

  #declined(task: LedgerTask, engine: LedgerEngine | null): void {
    task.current = null;
    task.spared = false;
    task.movedInStep = this.step;
    if (engine !== null) task.declinedOn.add(engine);
  }

  #hostJoined({ host, incarnation, held }: HostJoined): void {
    const known = this.#incarnations.get(host);
    if (known === incarnation) return;
    if (known !== undefined) this.#hostGone(host);
    this.#incarnations.set(host, incarnation);
    for (const one of held) this.#hold(host, one);
  }

  /** Something that a host has in hand from an earlier life: whose it is will be seen. */
  #hold(host: HostId, { task, epoch, number, attempt, engine, ended, uuid }: HeldAttempt): void {
    if (epoch >= this.options.epoch) return;
    const dispatch = new LedgerDispatch(epoch, number, task, host, attempt, null);
    this.#dispatches.set(dispatchKey(epoch, number), dispatch);
    this.#heldFor.set(task, [...this.#heldFor.get(task) ?? [], dispatch]);
    dispatch.heldUuid = uuid;
    if (ended === null) return void this.#heldNow.push({ dispatch, engine });
    dispatch.outcome = ended.outcome;
    dispatch.end("reported");
    const known = this.tasks.get(task);
    if (known?.status === "open") this.#noteHeldDecline(known);
  }

  /** A task goes back to the queue without a word, if this is the attempt that is taken up. */
  #noteHeldDecline(task: LedgerTask): void {
    for (const { outcome } of this.#heldFor.get(task.id) ?? []) {
      if (outcome?.kind === "declined") task.isUnsure = true;
    }
  }

  #hostGone(host: HostId): void {
    this.#incarnations.delete(host);
    this.unreachable.delete(host);
    for (const dispatch of this.#dispatches.values()) {
      if (dispatch.host === host && dispatch.over === null) dispatch.end("host lost");
    }
  }

  #fold(fact: Fact, dispatches: Map<number, Dispatch>): void {
    switch (fact.kind) {
      case "epoch-began":
        this.graceUntil = this.now + this.options.graceMs;
        return;
      case "engine-joined":
        return this.#engineJoined(fact);
      case "engine-left": {
        const engine = this.current.get(fact.engine);
        if (engine !== undefined) this.#engineLeft(engine);
        return;
      }
      case "engine-draining": {
        const engine = this.current.get(fact.engine);
        if (engine !== undefined) engine.draining = true;
        return;
      }
      case "task-accepted":
        return this.#accepted(fact);
      case "task-assigned":
        return this.#assigned(fact, dispatches);
      case "attempt-failed":
        return this.#failed(this.#live(fact.task, "an attempt of it failed"));
      case "task-returned":
        return this.#returned(this.#live(fact.task, "it came back"));
      case "task-settled":
        return this.#settled(fact);
      case "task-forgotten":
        return this.#forgotten(fact.task);
    }
  }

  #engineJoined({ engine: id, uuid, host, slots }: Extract<Fact, { kind: "engine-joined" }>): void {
    const engine = new LedgerEngine(id, uuid, host, slots, this.engines.has(uuid), this.step);
    this.engines.set(uuid, engine);
    this.current.set(id, engine);
    // What crossed with the end of the process before runs in this one.
    for (const dispatch of this.#dispatches.values()) {
      if (dispatch.over !== null || dispatch.engine?.id !== id || dispatch.host !== host) continue;
      dispatch.engine.open.delete(dispatch);
      dispatch.engine = engine;
      engine.open.add(dispatch);
    }
  }

  #engineLeft(engine: LedgerEngine): void {
    engine.alive = false;
    engine.endedAt = Math.min(engine.endedAt, this.now);
    if (this.current.get(engine.id) === engine) this.current.delete(engine.id);
  }

  #accepted({ spec }: Extract<Fact, { kind: "task-accepted" }>): void {
    const session = spec.id.slice(0, spec.id.lastIndexOf("-")) as Session;
    if (this.tasks.has(spec.id)) this.complain("no task is settled twice", "it was accepted twice", spec.id);
    const task = new LedgerTask(spec, session, this.#order++, this.now - (this.#ages.get(spec.id) ?? 0), this.step);
    this.tasks.set(spec.id, task);
    this.open.add(task);
    this.#tell(spec.id, () => "accepted");
    this.#noteHeldDecline(task);
  }

  #assigned(fact: Extract<Fact, { kind: "task-assigned" }>, dispatches: Map<number, Dispatch>): void {
    const task = this.#live(fact.task, "it was assigned");
    const engine = this.engines.get(fact.uuid) ?? null;
    const order = dispatches.get(fact.number);
    if (order === undefined || order.spec.id !== task.id) return this.#adopted(task, fact.number, engine);
    dispatches.delete(fact.number);
    const { epoch } = this.options;
    this.#closeCurrent(task);
    this.#tell(task.id, () => `attempt ${order.attempt} goes to engine ${fact.engine} as number ${fact.number}`);
    if (engine !== null) checkDispatch(this, task, engine, order);
    const dispatch = new LedgerDispatch(epoch, fact.number, task.id, order.host, fact.attempt, engine);
    this.#dispatches.set(dispatchKey(epoch, fact.number), dispatch);
    engine?.open.add(dispatch);
    this.served.set(task.session, ++this.#assignments);
    task.current = dispatch;
    task.pause = null;
  }

  #adopted(task: LedgerTask, number: number, engine: LedgerEngine | null): void {
    const held = this.#heldFor.get(task.id)?.find((one) => one.number === number && one.over === null);
    if (held === undefined) this.complain("facts and orders agree", "it runs where nobody sent it", task.id);
    this.#tell(task.id, () => `is found on engine ${engine?.id}, as number ${number} of an earlier life`);
    held.engine = engine;
    engine?.open.add(held);
    task.current = held;
    task.adopted = true;
    inheritFailures(task, held);
  }

  #failed(task: LedgerTask): void {
    const dispatch = this.#closeCurrent(task) ?? this.#heldEnd(task, ["threw", "engine-died", "timed-out"]);
    const engine = dispatch?.engine ?? this.#liveEngine(dispatch?.heldUuid ?? null);
    this.#tell(task.id, () => `attempt failed (${dispatch?.outcome?.kind ?? dispatch?.over ?? "unknown"})`);
    if (dispatch?.outcome?.kind === "done") {
      this.complain("outcomes are true", "it returned, and counts as failed", task.id);
    }
    task.failures++;
    task.lastFailure = dispatch?.outcome ?? { kind: "engine-died", message: "" };
    task.spared = false;
    task.movedInStep = this.step;
    if (engine !== null) task.failedOn.add(engine);
    if (task.failures > task.flags.retries) {
      this.complain("no attempt too many", `it failed ${task.failures} times and is tried again`, task.id);
    }
    const { backoff } = task.flags;
    if (backoff === null) return;
    const full = Math.min(backoff.initialMs * backoff.factor ** (task.failures - 1), backoff.maxMs);
    if (full > 0) task.pause = { from: this.now + full * (1 - backoff.jitter), to: this.now + full };
  }

  #returned(task: LedgerTask): void {
    const dispatch = this.#closeCurrent(task) ?? this.#heldEnd(task, ["returned", "aborted"]);
    this.#tell(task.id, () => "came back for nothing");
    const kind = dispatch?.outcome?.kind ?? "returned";
    const isOfEarlierLife = kind === "aborted" && dispatch?.epoch !== this.options.epoch;
    if (kind !== "returned" && !isOfEarlierLife) {
      this.complain("outcomes are true", `it came back for nothing, but ${kind}`, task.id);
    }
    task.spared = true;
    task.movedInStep = this.step;
  }

  #settled(fact: Extract<Fact, { kind: "task-settled" }>): void {
    const task = this.tasks.get(fact.task);
    if (task === undefined) this.complain("facts and orders agree", "settled before it was accepted", fact.task);
    if (task.status !== "open") this.complain("no task is settled twice", "it was settled before", fact.task);
    const last = task.current ?? this.#heldEnd(task, ATTEMPT_KINDS[fact.outcome.kind]);
    this.#tell(task.id, () => `settled: ${outcomeText(fact.outcome)}`);
    if (task.current?.over === null) this.#leftRunning.push(task.current);
    checkSettled(this, task, last, fact);
    task.status = "settled";
    task.outcome = fact.outcome;
    task.uuid = fact.uuid;
    task.current = null;
    this.open.delete(task);
    this.#settledNow.push(task);
  }

  #forgotten(id: TaskId): void {
    const task = this.tasks.get(id);
    if (task === undefined || task.status !== "settled") {
      this.complain("facts and orders agree", "forgotten while it was not settled", id);
    }
    this.#tell(id, () => "forgotten");
    task.status = "forgotten";
    task.forgottenInStep = this.step;
  }

  #told({ task: id, outcome }: Settle): void {
    const task = this.tasks.get(id);
    // Of what an earlier life settled only that is known, and its client knows it better.
    if (task?.order === EARLIER_ORDER) return;
    const isForgotten = task === undefined || task.status === "forgotten";
    if (isForgotten && outcome.kind === "failed" && outcome.error.name === "InvalidDependency") return;
    if (task === undefined || JSON.stringify(task.outcome) !== JSON.stringify(outcome)) {
      this.complain("no task is settled twice", "its client is told something else than was settled", id);
    }
  }

  #live(id: TaskId, what: string): LedgerTask {
    const task = this.tasks.get(id);
    if (task === undefined || task.status !== "open") {
      this.complain("facts and orders agree", `${what}, but it is ${task?.status ?? "unknown"}`, id);
    }
    return task;
  }

  /** Its attempt is over: by a report, or since nobody is left to make one. */
  #closeCurrent(task: LedgerTask): LedgerDispatch | null {
    const dispatch = task.current;
    task.current = null;
    if (dispatch === null || dispatch.over !== null) return dispatch;
    const where = dispatch.engine === null ? "its host" : `engine ${dispatch.engine.id}`;
    const what = `it is taken back while attempt ${dispatch.number} is with ${where}`;
    this.complain("one attempt at a time", what, task.id);
  }

  /** What a host brought along from an earlier life and that had ended, where the task has no attempt of this one. */
  #heldEnd(task: LedgerTask, kinds: readonly AttemptOutcome["kind"][]): LedgerDispatch | null {
    const held = this.#heldFor.get(task.id)?.find(({ outcome, used }) => (
      outcome !== null && !used && kinds.includes(outcome.kind)
    )) ?? null;
    if (held === null) return null;
    held.used = true;
    if (task.failures === 0) inheritFailures(task, held);
    return held;
  }

  #liveEngine(uuid: EngineUuid | null): LedgerEngine | null {
    const engine = uuid === null ? undefined : this.engines.get(uuid);
    return engine?.alive ? engine : null;
  }

  /** The epoch of dispatches from now on. */
  get epoch(): Epoch {
    return this.options.epoch;
  }
}

/** All attempts before the one that a host holds have failed, and were paid for. */
function inheritFailures(task: LedgerTask, { attempt }: LedgerDispatch): void {
  task.failures = Math.min(attempt - 1, task.flags.retries);
}

/** The dispatches that hosts are told to stop. */
function stoppedIn(effects: readonly Effect[]): ReadonlySet<string> {
  const stopped = new Set<string>();
  for (const effect of effects) {
    if (effect.kind !== "abort-attempts") continue;
    for (const number of effect.numbers) stopped.add(dispatchKey(effect.epoch, number));
  }
  return stopped;
}
