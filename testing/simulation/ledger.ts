/**
 * What an observer can know of a scheduler's life from what it is told, what it orders and the facts it writes: who is
 * there, which attempts are open, what became of each task. A second account, independent of the core's.
 *
 * Keeps the account and calls the rules where something is to be judged; decides nothing. Owned by `world.ts`.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome, TaskOutcome } from "../../protocol/outcome.ts";
import type { Dispatch, Effect, Release, Settle } from "../../scheduler/core/effects.ts";
import type { AttemptsEnded, HeldAttempt, HostJoined, SchedulerEvent } from "../../scheduler/core/events.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { BrokenRule, type RuleName } from "./broken_rule.ts";
import { dependencyState, type DependencyView } from "./dependency_oracle.ts";
import { checkDispatch } from "./dispatch_rules.ts";
import { earlierTask, isEarlier } from "./earlier_tasks.ts";
import { HeldAttempts } from "./held_attempts.ts";
import { LedgerEngines } from "./ledger_engines.ts";
import { LedgerDispatch, type LedgerEngine, LedgerTask } from "./ledger_records.ts";
import { checkSettled, checkVerdict } from "./settle_rules.ts";
import { type EarlierOutcome, outcomeText } from "./simulated_client.ts";
import { dispatchKey } from "./simulated_run.ts";

/** What outlives a life of the scheduler. */
export interface WorldMemory {
  /** Tasks that somebody asked to abort, ever. */
  readonly abortsAsked: Set<TaskId>;
  /** Clients that were away in the middle of a batch for longer than the rest of it was waited for. */
  readonly cameTooLate: Set<Session>;
}

/** How an attempt ended whose task was settled in one of these ways. */
const ATTEMPT_KINDS: Readonly<Record<TaskOutcome["kind"], readonly AttemptOutcome["kind"][]>> = {
  done: ["done"],
  threw: ["threw"],
  failed: ["engine-died", "timed-out", "host-failed"],
};

export class Ledger implements DependencyView {
  readonly memory: WorldMemory;
  readonly tasks: Map<TaskId, LedgerTask> = new Map();
  readonly open: Set<LedgerTask> = new Set();
  readonly engines: LedgerEngines = new LedgerEngines();
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
  readonly #held: HeldAttempts = new HeldAttempts(this.tasks);
  readonly #incarnations = new Map<HostId, string>();
  /** Sessions of whose batch more is to come, and until when that is waited for. */
  readonly #incomplete = new Map<Session, number>();
  #ages: ReadonlyMap<TaskId, number> = new Map();
  #order = 0;
  #assignments = 0;
  #settledNow: LedgerTask[] = [];
  /** Engines that the host which joins in this step will bring back. */
  #returning: readonly EngineId[] = [];
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
    // One that comes in this very step may come after a verdict.
    if (engine.isBack || engine.joinedInStep === this.step) return null;
    return engine.alive || (this.inGrace ? null : false);
  }

  allows({ flags: { targets }, declinedOn }: LedgerTask, uuid: EngineUuid): boolean {
    const engine = this.engines.get(uuid);
    if (engine === undefined) return false;
    return (targets === null || targets.includes(engine.id)) && !declinedOn.has(engine);
  }

  mayStillCome({ session }: LedgerTask, id: TaskId): boolean {
    return this.now < (this.#incomplete.get(session) ?? 0) && id.startsWith(`${session}-`);
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
    this.engines.endOverdue(this.now, this.options.reportGraceMs);
    switch (event.kind) {
      case "tasks-submitted":
        this.#ages = new Map(event.specs.map(({ id }, i) => [id, event.agesMs?.[i] ?? 0]));
        this.#learn(event);
        this.#checkTime(event.session);
        if (event.more) this.#incomplete.set(event.session, Infinity);
        else this.#incomplete.delete(event.session);
        return this.#meet(event.session);
      case "client-attached":
        this.#checkTime(event.session);
        if (this.#incomplete.has(event.session)) this.#incomplete.set(event.session, Infinity);
        return this.#meet(event.session);
      case "client-left":
        return this.#leave(event.session);
      case "attempts-ended":
        return this.#attemptsEnded(event);
      case "host-joined":
        return this.#hostJoined(event);
      case "host-lost":
        return this.#hostGone(event.host);
      case "engine-ended":
        if (!event.returns) this.engines.giveUp(event.engine);
        return;
      case "host-unreachable":
        return void this.engines.unreachable.add(event.host);
      case "host-reachable":
        return void this.engines.unreachable.delete(event.host);
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
    for (const effect of effects) if (effect.kind === "release") this.#released(effect);
    const stopped = stoppedIn(effects);
    this.#held.place(stopped, this.engines);
    this.#checkStopped(stopped);
    if (dispatches.size > 0) this.complain("facts and orders agree", "an attempt was ordered and not written down");
    for (const effect of effects) if (effect.kind === "settle") this.#told(effect);
    for (const task of this.#settledNow) checkVerdict(this, task);
  }

  /** What a host may drop is not taken up any more. */
  #released({ epoch, numbers }: Release): void {
    for (const number of numbers) {
      const dispatch = this.#dispatches.get(dispatchKey(epoch, number));
      if (dispatch !== undefined) dispatch.used = true;
    }
  }

  /** Whether the scheduler still waits for the report of this dispatch. */
  expects(epoch: Epoch, number: number): boolean {
    const dispatch = this.#dispatches.get(dispatchKey(epoch, number));
    return dispatch?.over === null && this.tasks.get(dispatch.task)?.current === dispatch;
  }

  /** A task that is settled while an attempt of it runs is aborted: its host has to know. */
  #checkStopped(stopped: ReadonlySet<string>): void {
    for (const { epoch, number, task } of this.#leftRunning) {
      if (stopped.has(dispatchKey(epoch, number))) continue;
      this.complain("nothing is left over", "it is aborted, and its host is not told to stop it", task);
    }
    this.#leftRunning = [];
  }

  complain(rule: RuleName, what: string, ...tasks: readonly TaskId[]): never {
    throw new BrokenRule(rule, what, tasks);
  }

  /** A client is back. */
  #checkTime(session: Session): void {
    if (this.now >= (this.#incomplete.get(session) ?? Infinity)) this.memory.cameTooLate.add(session);
  }

  /** What is to come of its batch is waited for, and not for ever. */
  #leave(session: Session): void {
    if (this.#incomplete.get(session) === Infinity) {
      this.#incomplete.set(session, this.now + this.options.adoptableMs);
    }
  }

  /** What became of tasks that this life has never seen. */
  #learn({ session, known = [] }: { readonly session: Session; readonly known?: readonly EarlierOutcome[] }): void {
    for (const outcome of known) {
      if (!this.tasks.has(outcome.task)) this.tasks.set(outcome.task, earlierTask(outcome, session, this.now));
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
        task.decline(dispatch.engine, this.step);
      }
    }
  }

  #hostJoined({ host, incarnation, held, returning }: HostJoined): void {
    this.#returning = returning;
    const known = this.#incarnations.get(host);
    if (known === incarnation) return;
    if (known !== undefined) this.#hostGone(host);
    this.#incarnations.set(host, incarnation);
    for (const one of held) this.#hold(host, one);
  }

  /** Something that a host has in hand from an earlier life: whose it is will be seen. */
  #hold(host: HostId, held: HeldAttempt): void {
    if (held.epoch >= this.options.epoch) return;
    const dispatch = this.#held.add(host, held);
    this.#dispatches.set(dispatchKey(held.epoch, held.number), dispatch);
    const task = this.tasks.get(held.task);
    if (task !== undefined && this.#held.wasDeclined(held.task)) task.isUnsure = true;
  }

  #hostGone(host: HostId): void {
    this.#incarnations.delete(host);
    this.engines.unreachable.delete(host);
    for (const dispatch of this.#dispatches.values()) {
      if (dispatch.host === host && dispatch.over === null) dispatch.end("host lost");
    }
  }

  #fold(fact: Fact, dispatches: Map<number, Dispatch>): void {
    switch (fact.kind) {
      case "epoch-began":
        this.graceUntil = this.now + this.options.graceMs;
        return;
      case "host-joined":
        for (const id of this.#returning) this.engines.expect(id, fact.host, this.step);
        return;
      case "host-lost":
        return this.engines.hostGone(fact.host);
      case "engine-joined":
        return this.engines.joined(fact, this.step);
      case "engine-left":
        return this.engines.left(fact.engine, fact.returns, this.now, this.step);
      case "engine-expected":
        return this.engines.expect(fact.engine, fact.host, this.step);
      case "engine-failed":
        if (fact.givenUp) this.engines.giveUp(fact.engine);
        return;
      case "engine-draining":
        return this.engines.drains(fact.engine);
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

  #accepted({ spec }: Extract<Fact, { kind: "task-accepted" }>): void {
    const session = spec.id.slice(0, spec.id.lastIndexOf("-")) as Session;
    if (this.tasks.has(spec.id)) this.complain("no task is settled twice", "it was accepted twice", spec.id);
    const task = new LedgerTask(spec, session, this.#order++, this.now - (this.#ages.get(spec.id) ?? 0), this.step);
    this.tasks.set(spec.id, task);
    this.open.add(task);
    this.#tell(spec.id, () => "accepted");
    task.isUnsure = this.#held.wasDeclined(task.id);
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
    const dispatch = new LedgerDispatch(epoch, fact.number, task.id, order.host, fact.attempt, null);
    this.#dispatches.set(dispatchKey(epoch, fact.number), dispatch);
    this.engines.place(dispatch, engine);
    this.served.set(task.session, ++this.#assignments);
    task.current = dispatch;
    task.wasAssigned = true;
    task.pause = null;
  }

  #adopted(task: LedgerTask, number: number, engine: LedgerEngine | null): void {
    const held = this.#held.running(task.id, number);
    if (held === null) this.complain("facts and orders agree", "it runs where nobody sent it", task.id);
    this.#tell(task.id, () => `is found on engine ${engine?.id}, as number ${number} of an earlier life`);
    this.engines.place(held, engine);
    task.current = held;
    this.#held.takeUp(task, held, engine?.uuid ?? null);
  }

  #failed(task: LedgerTask): void {
    const dispatch = this.#closeCurrent(task) ??
      this.#held.takeEnded(task, ["threw", "engine-died", "timed-out", "host-failed"]);
    const engine = dispatch?.engine ?? this.engines.live(dispatch?.heldUuid ?? null);
    this.#tell(task.id, () => `attempt failed (${dispatch?.outcome?.kind ?? dispatch?.over ?? "unknown"})`);
    if (dispatch?.outcome?.kind === "done") {
      this.complain("outcomes are true", "it returned, and counts as failed", task.id);
    }
    task.fail(dispatch?.outcome ?? null, engine, this.now, this.step);
    if (task.failures > task.flags.retries) {
      this.complain("no attempt too many", `it failed ${task.failures} times and is tried again`, task.id);
    }
  }

  #returned(task: LedgerTask): void {
    const dispatch = this.#closeCurrent(task) ?? this.#held.takeEnded(task, ["returned", "aborted"]);
    this.#tell(task.id, () => "came back for nothing");
    const kind = dispatch?.outcome?.kind ?? "returned";
    const isOfEarlierLife = kind === "aborted" && dispatch?.epoch !== this.options.epoch;
    if (kind !== "returned" && !isOfEarlierLife) {
      this.complain("outcomes are true", `it came back for nothing, but ${kind}`, task.id);
    }
    task.comeBack(this.step);
  }

  #settled(fact: Extract<Fact, { kind: "task-settled" }>): void {
    const task = this.tasks.get(fact.task);
    if (task === undefined) this.complain("facts and orders agree", "settled before it was accepted", fact.task);
    if (task.status !== "open") this.complain("no task is settled twice", "it was settled before", fact.task);
    const last = task.current ?? this.#held.takeEnded(task, ATTEMPT_KINDS[fact.outcome.kind]);
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
    for (const other of this.open) {
      if (
        other.current === null && !other.wasAssigned && names(other, id) && dependencyState(other, this) === "waiting"
      ) {
        this.complain("what is waited for is not forgotten", "it is forgotten", id, other.id);
      }
    }
    this.#tell(id, () => "forgotten");
    task.status = "forgotten";
    task.forgottenInStep = this.step;
  }

  #told({ task: id, outcome }: Settle): void {
    const task = this.tasks.get(id);
    // Of what an earlier life settled only that is known, and its client knows it better.
    if (isEarlier(task)) return;
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

  /** The epoch of dispatches from now on. */
  get epoch(): Epoch {
    return this.options.epoch;
  }
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

function names({ flags: { after, follow } }: LedgerTask, id: TaskId): boolean {
  return after?.ids.includes(id) || follow?.ids.includes(id) || false;
}
