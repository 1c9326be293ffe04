/**
 * The simulated cluster: clients, a controller, hosts with engines and the bus between them, in simulated time, doing what
 * a plan says.
 *
 * Wires the models together and carries out the plan's actions; after each step of the scheduler the rules are checked.
 * Driven by `run_plan.ts`.
 * @module
 */
import type { HostId, Incarnation, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import { violations } from "../../scheduler/core/invariants.ts";
import { restoreState } from "../../scheduler/core/restore.ts";
import { DEFAULT_OPTIONS, type SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";
import { SchedulerState } from "../../scheduler/core/state.ts";
import { FakeClock } from "../fake_clock.ts";
import { act } from "./act.ts";
import { BrokenRule } from "./broken_rule.ts";
import { Ledger, type WorldMemory } from "./ledger.ts";
import { Link, Network } from "./network.ts";
import { HEARTBEAT_MS, type Mishap, type PlannedAction, type SimulationPlan, type SubmitAction } from "./plan.ts";
import { SimulatedClient } from "./simulated_client.ts";
import { SimulatedHost } from "./simulated_host.ts";
import type { HostWorld, Script } from "./simulated_run.ts";
import { SimulatedScheduler } from "./simulated_scheduler.ts";
import { taskSpecOf } from "./planned_tasks.ts";
import type { RunStory } from "./story.ts";
import { checkWaiting } from "./waiting_rules.ts";

const EPOCH_MS = 1_700_000_000_000;
/** A further life of the controller waits so long for the hosts it knows. */
const GRACE_MS = 3 * HEARTBEAT_MS;

export class World implements HostWorld {
  readonly clock: FakeClock = new FakeClock(EPOCH_MS);
  readonly network: Network;
  readonly hosts: SimulatedHost[] = [];
  readonly clients: Map<Session, SimulatedClient> = new Map();
  readonly story: RunStory;
  readonly memory: WorldMemory = { abortsAsked: new Set(), cameTooLate: new Set() };
  readonly #plan: SimulationPlan;
  readonly #submits = new Map<TaskId, SubmitAction>();
  readonly #mishaps = new Map<string, Mishap>();
  readonly #executions = new Map<TaskId, number>();
  readonly #beganAtMs = new Map<TaskId, number>();
  readonly #hostLives = new Map<string, SimulatedHost>();
  #scheduler: SimulatedScheduler | null = null;
  #ledger: Ledger;
  #skewMs = 0;
  #epoch = 1;
  #calm = false;

  constructor(plan: SimulationPlan, story: RunStory) {
    this.#plan = plan;
    this.story = story;
    this.network = new Network(this.clock, plan.seed, plan.network);
    for (const action of plan.actions) this.#prepare(action);
    const state = this.#freshState({});
    this.#ledger = new Ledger(state.options, this.memory);
    this.#startScheduler(state).begin();
    this.#schedule();
  }

  get scheduler(): SimulatedScheduler | null {
    return this.#scheduler;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Nothing bad happens from now on. */
  get isCalm(): boolean {
    return this.#calm;
  }

  /** The faults end: what stands still is ended, what is away comes back, attempts do what their tasks do. */
  calmDown(): void {
    this.#calm = true;
    this.network.calm();
    this.tell(null, () => "from here on nothing goes wrong");
    for (const host of this.hosts) {
      for (const seat of host.seats) {
        if (seat.isFrozen || seat.isStuck) seat.kill("it was ended from outside", true);
      }
    }
    for (const client of this.clients.values()) client.wake();
  }

  tell(task: TaskId | null, text: () => string): void {
    this.story.tell(this.clock.now(), task, text);
  }

  /** A process under a name of the plan. */
  startHost(name: string, engines: number, slots: number, startMs: number, failedStarts: number): void {
    const incarnation = `i${this.hosts.length}` as Incarnation;
    const setup = { id: name as HostId, incarnation, engines, slots, startMs, failedStarts };
    const host = new SimulatedHost(setup, this, () => this.#connect(name));
    this.hosts.push(host);
    this.#hostLives.set(name, host);
  }

  /** When the last attempt of a task began; `null`: none did. */
  beganAtMs(task: TaskId): number | null {
    return this.#beganAtMs.get(task) ?? null;
  }

  beginsAttempt(spec: TaskSpec): Script {
    this.#checkSingle(spec.id);
    const execution = (this.#executions.get(spec.id) ?? 0) + 1;
    this.#executions.set(spec.id, execution);
    const planned = this.#submits.get(spec.id);
    this.#beganAtMs.set(spec.id, this.clock.now());
    const mishap = this.#calm ? undefined : this.#mishaps.get(`${spec.id}#${execution}`);
    const plain = planned?.alwaysThrows ? "throws" : "returns";
    return { what: mishap ?? plain, runMs: planned?.runMs ?? 1, stopsInMs: planned?.stopsInMs ?? null };
  }

  /** Two at once are only right where the scheduler has given the first one up. */
  #checkSingle(id: TaskId): void {
    let running = 0;
    for (const host of this.hosts) {
      for (const run of host.held) {
        if (run.spec.id !== id || run.state !== "running") continue;
        if (this.#ledger.expects(run.epoch, run.number)) running++;
      }
    }
    if (running > 1) throw new BrokenRule("one attempt at a time", `it runs ${running} times at once`, [id]);
  }

  #prepare(action: PlannedAction): void {
    if (action.kind === "submit") this.#submits.set(`${action.client}-${action.counter}` as TaskId, action);
    if (action.kind === "mishap") this.#mishaps.set(`${action.task}#${action.execution}`, action.what);
  }

  /** Sets a timer for each action; what one client submits at one time is one batch. */
  #schedule(): void {
    const batches = new Map<string, SubmitAction[]>();
    for (const action of this.#plan.actions) {
      if (action.kind === "mishap") continue;
      if (action.kind !== "submit") {
        this.clock.setTimer(() => act(this, action), action.atMs);
        continue;
      }
      const key = `${action.client}@${action.atMs}`;
      const batch = batches.get(key);
      if (batch !== undefined) {
        batch.push(action);
        continue;
      }
      const fresh = [action];
      batches.set(key, fresh);
      this.clock.setTimer(() => this.#submit(fresh), action.atMs);
    }
  }

  #submit(batch: readonly SubmitAction[]): void {
    const client = this.clients.get((batch[0]?.client ?? "") as Session);
    if (client === undefined || !client.alive) return;
    const tasks = batch.map((action) => ({
      spec: taskSpecOf(action),
      counter: action.counter,
      endsPart: action.endsPart,
    })).sort((a, b) => a.counter - b.counter);
    for (const { spec } of tasks) this.tell(spec.id, () => `submitted${flagsText(spec)}`);
    client.submit(tasks);
  }

  /** Its process under a name of the plan; a client has one life. */
  startClient(session: Session): void {
    if (this.clients.has(session)) return;
    this.clients.set(session, new SimulatedClient(session, this, () => this.#connect(session)));
  }

  /** The latest life of a host; dead or not. */
  hostNamed(name: string): SimulatedHost | null {
    return this.#hostLives.get(name) ?? null;
  }

  /** Of a host or a client, to the controller. */
  linkOf(node: string): Link | null {
    return this.hostNamed(node)?.link ?? this.clients.get(node as Session)?.link ?? null;
  }

  /** The controller's own time moves by so much at once. */
  jumpClock(byMs: number): void {
    this.tell(null, () => `the controller's clock jumps by ${byMs} ms`);
    this.#skewMs += byMs;
  }

  /** Nothing gets through between a node and the controller for a while. */
  stall(node: string, forMs: number): void {
    const link = this.linkOf(node);
    if (link === null) return;
    this.tell(null, () => `nothing gets through between ${node} and the controller for ${forMs} ms`);
    link.stall(forMs);
    if (forMs <= HEARTBEAT_MS) return;
    const scheduler = this.#scheduler;
    this.clock.setTimer(() => scheduler?.hostReachability(link, "host-unreachable"), HEARTBEAT_MS);
    this.clock.setTimer(() => scheduler?.hostReachability(link, "host-reachable"), forMs);
  }

  #connect(node: string): { link: Link; scheduler: SimulatedScheduler } | null {
    const scheduler = this.#scheduler;
    if (scheduler === null) return null;
    const link = this.network.connect(node);
    scheduler.accept(link);
    return { link, scheduler };
  }

  #freshState(more: Partial<SchedulerOptions>): SchedulerState {
    const options = { ...DEFAULT_OPTIONS, ...this.#plan.scheduler, ...more };
    return new SchedulerState(options, options.seed);
  }

  #startScheduler(state: SchedulerState): SimulatedScheduler {
    const scheduler = new SimulatedScheduler({
      clock: this.clock,
      wallMs: () => EPOCH_MS + this.clock.now() + this.#skewMs,
      state,
      watcher: {
        hear: (event) => this.#ledger.hear(event),
        see: (effects) => {
          this.#ledger.see(effects, (task, text) => this.tell(task, text));
          this.#checkState(scheduler);
        },
      },
    });
    this.#scheduler = scheduler;
    return scheduler;
  }

  #checkState({ state, core }: SimulatedScheduler): void {
    const [first] = violations(state);
    if (first !== undefined) throw new BrokenRule("the core's state is consistent", first);
    checkWaiting(this.#ledger, core, state.grace !== null);
  }

  /** The controller dies, and is started again. */
  endScheduler(downMs: number, leaves: "nothing" | "snapshot"): void {
    const scheduler = this.#scheduler;
    if (scheduler === null) return;
    this.tell(null, () => `the controller dies, and leaves ${leaves === "nothing" ? "nothing" : "a snapshot"}`);
    const { state, core } = scheduler;
    const snapshot = structuredClone(core.snapshot());
    scheduler.die();
    this.#scheduler = null;
    this.clock.setTimer(() => {
      this.tell(null, () => "a new life of the controller begins");
      if (leaves === "nothing") this.#beginAnew(state);
      else this.#resume(snapshot);
    }, downMs);
  }

  #beginAnew({ registry }: SchedulerState): void {
    const state = this.#freshState({
      epoch: ++this.#epoch as SchedulerOptions["epoch"],
      seed: this.#epoch,
      graceMs: GRACE_MS,
      knownHosts: [...registry.hosts.keys()],
      firstEngineId: registry.nextId,
    });
    this.#ledger = new Ledger(state.options, this.memory);
    this.#startScheduler(state).begin();
  }

  #resume(snapshot: Parameters<typeof restoreState>[0]): void {
    const epoch = ++this.#epoch as SchedulerOptions["epoch"];
    const state = restoreState({ ...snapshot, options: { ...snapshot.options, epoch } });
    this.#ledger.continueAs(state.options);
    this.#startScheduler(state).dropAll();
  }

  /** The scheduler goes on from a snapshot of itself, and nobody notices. */
  restoreInPlace(): void {
    const scheduler = this.#scheduler;
    if (scheduler === null) return;
    this.tell(null, () => "the scheduler goes on from its own snapshot");
    scheduler.replaceState(restoreState(structuredClone(scheduler.core.snapshot())));
  }
}

/** The flags that are not the default, for the story. */
function flagsText({ template: { flags } }: TaskSpec): string {
  const parts: string[] = [];
  if (flags.retries > 0) parts.push(`${flags.retries} retries`);
  if (flags.priority !== 0) parts.push(`priority ${flags.priority}`);
  if (flags.targets !== null) parts.push(`targets [${flags.targets.join(", ")}]`);
  if (flags.timeoutMs > 0) parts.push(`timeout ${flags.timeoutMs} ms`);
  if (flags.maxRuntimeMs > 0) parts.push(`maxRuntime ${flags.maxRuntimeMs} ms`);
  if (flags.backoff !== null) parts.push(`backoff from ${flags.backoff.initialMs} ms`);
  for (const name of ["after", "follow"] as const) {
    const dependency = flags[name];
    if (dependency === null) continue;
    const { ids, all, success, failure } = dependency;
    const what = success && failure ? "ended" : success ? "succeeded" : "failed";
    parts.push(`${name} ${all ? "all" : "any"} of [${ids.join(", ")}] ${what}`);
  }
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}
