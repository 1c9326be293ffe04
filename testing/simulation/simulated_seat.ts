/**
 * A model of one engine across the lives of its processes: what `host/engine_seat.ts` and its feed do, in their order.
 *
 *   starting → up → (draining →) ended → starting …
 *       ↘ failed (given up)            ↘ stopped (on request)
 *
 * Runs `slots` attempts at a time, first come, first run. Made by `simulated_host.ts`.
 * @module
 */
import { decideRestart, NO_DEATHS } from "../../host/restart_backoff.ts";
import type { EngineId, EngineUuid } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import type { TimerHandle } from "../../wire/clock.ts";
import { markBytes } from "./run_mark.ts";
import { dispatchKey, type HostWorld, type Script, type SimulatedRun } from "./simulated_run.ts";

/** From the abort of a running attempt to the end of its process. */
const ABORT_GRACE_MS = 2_000;
/** A process that is frozen while idle is found and ended. */
const PING_LIMIT_MS = 3_000;

/** What a seat says to its host. */
export interface SeatPort {
  ready(id: EngineId, uuid: EngineUuid): void;
  draining(id: EngineId): void;
  ended(id: EngineId, uuid: EngineUuid, reason: string, requested: boolean, returns: boolean): void;
  failed(id: EngineId, reason: string, givenUp: boolean): void;
  runEnded(run: SimulatedRun, outcome: AttemptOutcome): void;
}

export interface SeatSetup {
  /** Names the processes: unique among all seats. */
  readonly name: string;
  readonly slots: number;
  readonly startMs: number;
  readonly failedStarts: number;
}

export class SimulatedSeat {
  id: EngineId | null = null;
  uuid: EngineUuid;
  state: "starting" | "up" | "draining" | "waiting" | "failed" | "stopped" = "starting";
  readonly #setup: SeatSetup;
  readonly #world: HostWorld;
  readonly #port: SeatPort;
  #queue: SimulatedRun[] = [];
  #running: SimulatedRun[] = [];
  readonly #scripts = new Map<SimulatedRun, Script>();
  #lives = 0;
  #failedStarts: number;
  #history = NO_DEATHS;
  #startedAtMs = 0;
  #processReady = false;
  #hasProcess = false;
  #announced = false;
  #frozen = false;
  #order: { readonly returns: boolean } | null = null;
  #failure: string | null = null;
  /** Of the process, or of the pause before the next. */
  #timers: TimerHandle[] = [];

  constructor(setup: SeatSetup, world: HostWorld, port: SeatPort) {
    this.#setup = setup;
    this.#world = world;
    this.#port = port;
    this.#failedStarts = setup.failedStarts;
    this.uuid = setup.name as EngineUuid;
    this.#start();
  }

  /** It takes tasks now. */
  get isAnnounced(): boolean {
    return this.#announced;
  }

  /** No process takes tasks now, and one will. */
  get returns(): boolean {
    const isFinal = this.state === "failed" || this.state === "stopped";
    return !this.#announced && !isFinal && (this.#order === null || this.#order.returns);
  }

  /** Attempts that have not ended. */
  get inHand(): readonly SimulatedRun[] {
    return [...this.#running, ...this.#queue];
  }

  assignId(id: EngineId): void {
    this.id = id;
    if (this.#failure !== null) this.#port.failed(id, this.#failure, true);
    this.#announce();
  }

  enqueue(run: SimulatedRun): void {
    this.#queue.push(run);
    if (this.state === "failed" || this.state === "stopped" || this.state === "draining") this.#returnQueue();
    else this.#pump();
  }

  abort(run: SimulatedRun): void {
    if (this.#unqueue(run)) return this.#port.runEnded(run, { kind: "aborted" });
    if (run.state !== "running" || run.aborted) return;
    run.aborted = true;
    const stopsInMs = this.#scripts.get(run)?.stopsInMs ?? null;
    if (stopsInMs !== null) this.#runTimer(run, stopsInMs, () => this.#finish(run, { kind: "aborted" }));
    this.#runTimer(run, ABORT_GRACE_MS, () => this.kill(`task "${run.spec.id}" did not end when it was aborted`, true));
  }

  callBack(run: SimulatedRun): void {
    if (this.#unqueue(run)) this.#port.runEnded(run, { kind: "returned" });
  }

  /** The process stands still. Idle, it is found by its host; busy, only its task's time ends it. */
  freeze(): void {
    if (!this.#announced || this.#frozen) return;
    this.#frozen = true;
    this.#world.tell(null, () => `engine ${this.#name} freezes`);
    if (this.#running.length === 0) this.#timer(PING_LIMIT_MS, () => this.kill("it did not answer", false));
  }

  /** What it runs will never end by itself. */
  get isStuck(): boolean {
    return this.#running.some((run) => this.#scripts.get(run)?.what === "never-ends");
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  /** Ends the process at once. */
  kill(reason: string, timeWasUp: boolean, verdict: SimulatedRun | null = null): void {
    if (!this.#hasProcess) return;
    for (const run of [...this.#running]) {
      const outcome: AttemptOutcome = run.aborted
        ? { kind: "aborted" }
        : run === verdict
        ? { kind: "timed-out", message: `it ${reason}` }
        : { kind: "engine-died", message: reason };
      this.#end(run, outcome);
    }
    this.#processEnded(reason, timeWasUp);
  }

  /** What runs may finish; then the process ends, for good or to come back. */
  stop(drainMs: number, returns: boolean): void {
    if (this.state === "failed" || this.state === "stopped") return;
    if (this.#order === null || !returns) this.#order = { returns };
    if (!this.#hasProcess) {
      this.#clearTimers();
      if (!returns && this.id !== null) {
        this.#port.ended(this.id, this.uuid, "it was stopped between two processes", true, false);
      }
      return this.#settleOrder();
    }
    this.#returnQueue();
    if (this.#announced && this.state !== "draining" && this.id !== null) this.#port.draining(this.id);
    this.state = "draining";
    if (!this.#announced || this.#running.length === 0) return this.kill("it was stopped", false);
    this.#timer(drainMs, () => this.kill(`its task did not end within ${drainMs} ms`, false));
  }

  /** Its host is dead, and it ends with it: nobody is told. */
  vanish(): void {
    this.#clearTimers();
    for (const run of this.#running) for (const timer of run.timers) this.#world.clock.clearTimer(timer);
    this.#hasProcess = this.#announced = false;
    this.#queue = this.#running = [];
    this.state = "stopped";
  }

  get #name(): string {
    return this.id === null ? "(no id yet)" : `${this.id} (${this.uuid})`;
  }

  #start(): void {
    this.state = "starting";
    this.#lives++;
    this.uuid = `${this.#setup.name}.${this.#lives}` as EngineUuid;
    this.#hasProcess = true;
    this.#processReady = this.#announced = this.#frozen = false;
    this.#startedAtMs = this.#world.clock.now();
    this.#timer(this.#setup.startMs, () => {
      if (this.#failedStarts > 0) {
        this.#failedStarts--;
        return this.#processEnded("it did not get ready", false);
      }
      this.#processReady = true;
      this.#announce();
    });
  }

  #announce(): void {
    if (!this.#processReady || this.#announced || this.id === null || this.#order !== null) return;
    this.#announced = true;
    this.state = "up";
    this.#port.ready(this.id, this.uuid);
    this.#pump();
  }

  #pump(): void {
    while (this.state === "up" && this.#running.length < this.#setup.slots) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      this.#begin(run);
    }
  }

  #begin(run: SimulatedRun): void {
    run.state = "running";
    run.uuid = this.uuid;
    run.startedAtMs = this.#world.clock.now();
    this.#running.push(run);
    const script = this.#world.beginsAttempt(run.spec);
    this.#scripts.set(run, script);
    this.#world.tell(run.spec.id, () => `begins on engine ${this.#name}, attempt ${run.attempt}`);
    const { maxRuntimeMs } = run.spec.template.flags;
    if (maxRuntimeMs > 0) {
      const excess = `ran longer than its maxRuntime of ${maxRuntimeMs} ms`;
      this.#runTimer(run, maxRuntimeMs, () => this.kill(excess, true, run));
    }
    if (script.what === "never-ends") return;
    this.#runTimer(run, script.runMs, () => this.#finishes(run, script.what));
  }

  #finishes(run: SimulatedRun, what: string): void {
    // A process that stands still does nothing.
    if (this.#frozen) return;
    if (what === "engine-dies") return this.kill("exit code 1", false);
    const mark = markBytes({ task: run.spec.id, uuid: this.uuid, dispatch: dispatchKey(run.epoch, run.number) });
    if (run.aborted) this.#finish(run, { kind: "aborted" });
    else if (what === "throws") this.#finish(run, { kind: "threw", error: mark });
    else if (what === "declines") this.#finish(run, { kind: "declined", error: mark });
    else this.#finish(run, { kind: "done", value: mark });
  }

  #finish(run: SimulatedRun, outcome: AttemptOutcome): void {
    if (this.#frozen || run.state !== "running") return;
    this.#end(run, outcome);
    if (this.state === "draining" && this.#running.length === 0) this.kill("it was stopped", false);
    else this.#pump();
  }

  #end(run: SimulatedRun, outcome: AttemptOutcome): void {
    for (const timer of run.timers) this.#world.clock.clearTimer(timer);
    this.#scripts.delete(run);
    this.#running.splice(this.#running.indexOf(run), 1);
    this.#world.tell(run.spec.id, () => `${describe(outcome)} on engine ${this.#name}`);
    this.#port.runEnded(run, outcome);
  }

  #processEnded(reason: string, timeWasUp: boolean): void {
    const wasReady = this.#processReady;
    const wasAnnounced = this.#announced;
    this.#clearTimers();
    this.#hasProcess = this.#announced = this.#processReady = false;
    const lifeMs = this.#world.clock.now() - this.#startedAtMs;
    const order = this.#order;
    const decision = decideRestart(this.#history, { wasReady, hopeless: false, lifeMs, timeWasUp });
    const givenUp = order === null && decision.delayMs === null;
    const returns = order === null ? !givenUp : order.returns;
    this.#returnQueue();
    if (wasAnnounced && this.id !== null) this.#port.ended(this.id, this.uuid, reason, order !== null, returns);
    else if (order === null && this.id !== null) this.#port.failed(this.id, reason, givenUp);
    else if (order !== null && !order.returns && this.id !== null) {
      this.#port.ended(this.id, this.uuid, reason, true, false);
    }
    if (order !== null) return this.#settleOrder();
    this.#history = decision.history;
    if (decision.delayMs === null) return this.#giveUp(reason);
    this.state = "waiting";
    this.#timer(decision.delayMs, () => this.#start());
  }

  #giveUp(reason: string): void {
    this.state = "failed";
    this.#failure = reason;
    this.#returnQueue();
  }

  #settleOrder(): void {
    const returns = this.#order?.returns ?? false;
    this.#order = null;
    this.#history = NO_DEATHS;
    if (returns) return this.#start();
    this.state = "stopped";
    this.#returnQueue();
  }

  #unqueue(run: SimulatedRun): boolean {
    const index = this.#queue.indexOf(run);
    if (index >= 0) this.#queue.splice(index, 1);
    return index >= 0;
  }

  #returnQueue(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const run of queue) this.#port.runEnded(run, { kind: "returned" });
  }

  #runTimer(run: SimulatedRun, delayMs: number, act: () => void): void {
    run.timers.push(this.#world.clock.setTimer(act, delayMs));
  }

  #timer(delayMs: number, act: () => void): void {
    this.#timers.push(this.#world.clock.setTimer(act, delayMs));
  }

  #clearTimers(): void {
    for (const timer of this.#timers) this.#world.clock.clearTimer(timer);
    this.#timers = [];
  }
}

function describe(outcome: AttemptOutcome): string {
  switch (outcome.kind) {
    case "done":
      return "returns";
    case "threw":
      return "throws";
    case "declined":
      return "declines";
    case "engine-died":
      return "dies with its engine";
    case "timed-out":
      return "is ended since its time was up";
    case "host-failed":
      return "fails for its host";
    case "aborted":
      return "stops, aborted,";
    case "returned":
      return "is given back";
  }
}
