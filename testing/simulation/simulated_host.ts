/**
 * A model of one life of a host: what `host/host_actor.ts` does for the scheduler, in its order, over models of engines.
 *
 * Answers every dispatch with exactly one ended attempt, keeps results until they are released, and says what it holds
 * when it joins. Direct tasks and values are left out: the scheduler never sees them.
 * @module
 */
import type { DispatchNumber, EngineId, Epoch, HostId, Incarnation } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import { PACKAGE_VERSION } from "../../protocol/version.ts";
import type { Dispatch } from "../../scheduler/core/effects.ts";
import type { EndedAttempt, HeldAttempt, HostJoined, ReadyEngine } from "../../scheduler/core/events.ts";
import type { TimerHandle } from "../../wire/clock.ts";
import type { Link } from "./network.ts";
import { dispatchKey, endedAttempt, type HostWorld, type SimulatedRun } from "./simulated_run.ts";
import { SimulatedSeat } from "./simulated_seat.ts";

/** What a host says to introduce itself. */
export type HostHello = Omit<HostJoined, "kind" | "at">;

/** The answer to it. */
export type HostAnswer = { readonly epoch: Epoch; readonly ids: readonly EngineId[] } | { readonly refused: string };

/** What a host can say to a scheduler. */
export interface HostSide {
  joinHost(link: Link, host: SimulatedHost, hello: HostHello, answer: (answer: HostAnswer) => void): void;
  addEngines(host: HostId, count: number, answer: (ids: readonly EngineId[]) => void): void;
  engineReady(engine: ReadyEngine): void;
  engineEnded(id: EngineId, uuid: ReadyEngine["uuid"], reason: string, requested: boolean, returns: boolean): void;
  engineFailed(id: EngineId, host: HostId, reason: string, givenUp: boolean): void;
  engineDraining(id: EngineId): void;
  attemptsEnded(host: HostId, epoch: Epoch, results: readonly EndedAttempt[]): void;
}

/** How a host finds a scheduler: a fresh link to the one that lives; `null`: none does. */
export type FindScheduler = () => { readonly link: Link; readonly scheduler: HostSide } | null;

export interface HostSetup {
  readonly id: HostId;
  readonly incarnation: Incarnation;
  readonly engines: number;
  readonly slots: number;
  readonly startMs: number;
  readonly failedStarts: number;
}

const JOIN_LIMIT_MS = 10_000;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;

export class SimulatedHost {
  readonly id: HostId;
  readonly #setup: HostSetup;
  readonly #world: HostWorld;
  readonly #find: FindScheduler;
  readonly #seats: SimulatedSeat[] = [];
  #unnamed: SimulatedSeat[] = [];
  readonly #held = new Map<string, SimulatedRun>();
  /** Of this turn, not said yet. */
  #results: { readonly epoch: Epoch; readonly ended: EndedAttempt }[] = [];
  #tie: { readonly link: Link; readonly scheduler: HostSide } | null = null;
  /** Whether news go out: from the introduction on. */
  #speaks = false;
  #joining = false;
  #joined = false;
  #joins = 0;
  #epoch = 0 as Epoch;
  #retryMs = RETRY_MS;
  #limit: TimerHandle | null = null;
  #retry: TimerHandle | null = null;
  #alive = true;

  constructor(setup: HostSetup, world: HostWorld, find: FindScheduler) {
    this.#setup = setup;
    this.#world = world;
    this.#find = find;
    this.id = setup.id;
    this.#startSeats(setup.engines);
    this.join();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get seats(): readonly SimulatedSeat[] {
    return this.#seats;
  }

  get link(): Link | null {
    return this.#tie?.link ?? null;
  }

  /** Attempts whose results nobody has released yet, or that have not ended. */
  get held(): readonly SimulatedRun[] {
    return [...this.#held.values()];
  }

  /** Introduces itself, until a scheduler takes it. */
  join(): void {
    if (this.#joining || !this.#alive) return;
    this.#joining = true;
    this.#cancel("retry");
    const tie = this.#currentTie();
    const join = ++this.#joins;
    if (tie === null) return this.#joinFailed(join);
    const hello = this.#hello();
    this.#speaks = true;
    this.#limit = this.#world.clock.setTimer(() => this.#joinTimedOut(join), JOIN_LIMIT_MS);
    tie.link.send(
      "near",
      () => tie.scheduler.joinHost(tie.link, this, hello, (answer) => this.#answered(join, answer)),
    );
  }

  /** More engines, as `startEngines` of the real one. */
  addEngines(count: number): void {
    if (!this.#alive) return;
    this.#startSeats(count);
    this.#nameMore(count);
  }

  dispatch(epoch: Epoch, runs: readonly Dispatch[]): void {
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    for (const { number, engine, attempt, spec } of runs) {
      const key = dispatchKey(epoch, number);
      if (this.#held.has(key)) continue;
      const run: SimulatedRun = {
        epoch,
        number,
        engine,
        attempt,
        spec,
        state: "queued",
        uuid: null,
        startedAtMs: 0,
        aborted: false,
        timers: [],
        ended: null,
        endedAtMs: 0,
      };
      this.#held.set(key, run);
      const seat = this.#seatOf(engine);
      if (seat === null) this.#runEnded(run, { kind: "returned" });
      else seat.enqueue(run);
    }
  }

  abort(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const run of this.#runsOf(epoch, numbers)) if (run.state !== "ended") this.#seatOf(run.engine)?.abort(run);
  }

  callBack(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const run of this.#runsOf(epoch, numbers)) if (run.state !== "ended") this.#seatOf(run.engine)?.callBack(run);
  }

  release(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const run of this.#runsOf(epoch, numbers)) {
      if (run.state === "ended") this.#held.delete(dispatchKey(epoch, run.number));
    }
  }

  /** Its process is gone, and its engines with it. */
  die(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#cancel("limit");
    this.#cancel("retry");
    for (const seat of this.#seats) seat.vanish();
    this.#tie?.link.die("near");
    this.#held.clear();
  }

  #startSeats(count: number): void {
    const { id, incarnation, slots, startMs, failedStarts } = this.#setup;
    for (let i = 0; i < count; i++) {
      const name = `${id}/${incarnation}/${this.#seats.length}`;
      const seat = new SimulatedSeat({ name, slots, startMs: startMs + i, failedStarts }, this.#world, {
        ready: (id, uuid) => this.#say((scheduler) => scheduler.engineReady(this.#readyEngine(id, uuid))),
        draining: (id) => this.#say((scheduler) => scheduler.engineDraining(id)),
        ended: (id, uuid, reason, requested, returns) => {
          this.#world.tell(null, () => `engine ${id} (${uuid}) ends: ${reason}`);
          this.#say((scheduler) => scheduler.engineEnded(id, uuid, reason, requested, returns));
          this.#flushResults();
        },
        failed: (engine, reason, givenUp) =>
          this.#say((scheduler) => scheduler.engineFailed(engine, this.id, reason, givenUp)),
        runEnded: (run, outcome) => this.#runEnded(run, outcome),
      });
      this.#seats.push(seat);
      this.#unnamed.push(seat);
    }
  }

  #nameMore(count: number): void {
    if (!this.#joined) return;
    const { link } = this;
    this.#say((scheduler) => {
      scheduler.addEngines(this.id, count, (ids) => link?.send("far", () => this.#assignIds(ids)));
    });
  }

  #assignIds(given: readonly EngineId[]): void {
    const ids = given.filter((id) => this.#seats.every((seat) => seat.id !== id));
    const seats = this.#unnamed.splice(0, ids.length);
    seats.forEach((seat, index) => {
      const id = ids[index];
      if (id !== undefined) seat.assignId(id);
    });
  }

  #runEnded(run: SimulatedRun, outcome: AttemptOutcome): void {
    const now = this.#world.clock.now();
    run.state = "ended";
    run.ended = endedAttempt(run, outcome, now);
    run.endedAtMs = now;
    const { epoch, ended } = run;
    if (this.#results.length === 0) this.#world.clock.setTimer(() => this.#flushResults(), 0);
    this.#results.push({ epoch, ended });
  }

  /** Results of one turn leave together. */
  #flushResults(): void {
    const results = this.#results;
    this.#results = [];
    for (const epoch of new Set(results.map((one) => one.epoch))) {
      const ended = results.filter((one) => one.epoch === epoch).map((one) => one.ended);
      this.#say((scheduler) => scheduler.attemptsEnded(this.id, epoch, ended));
    }
  }

  /** Without a scheduler that knows it, what it says is left out: a new one is told everything in the introduction. */
  #say(say: (scheduler: HostSide) => void): void {
    const tie = this.#tie;
    if (this.#speaks && tie !== null) tie.link.send("near", () => say(tie.scheduler));
  }

  #answered(join: number, answer: HostAnswer): void {
    if (join !== this.#joins || !this.#joining) return;
    if ("refused" in answer) return this.#joinFailed(join);
    this.#cancel("limit");
    this.#joining = false;
    this.#joined = true;
    this.#retryMs = RETRY_MS;
    if (answer.epoch > this.#epoch) this.#epoch = answer.epoch;
    this.#assignIds(answer.ids);
    // Engines that were added while there was nobody to name them.
    if (this.#unnamed.length > 0) this.#nameMore(this.#unnamed.length);
  }

  #joinFailed(join: number): void {
    if (join !== this.#joins || !this.#joining) return;
    this.#joining = false;
    this.#lose();
  }

  /** No answer is no refusal: what happens from here on is still said, behind the introduction. */
  #joinTimedOut(join: number): void {
    if (join !== this.#joins || !this.#joining) return;
    this.#joining = false;
    this.#joinLater();
  }

  #lose(): void {
    this.#joined = this.#speaks = false;
    this.#joinLater();
  }

  #joinLater(): void {
    this.#cancel("limit");
    if (this.#retry !== null || !this.#alive) return;
    this.#retry = this.#world.clock.setTimer(() => {
      this.#retry = null;
      this.join();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  #currentTie() {
    if (this.#tie?.link.isOpen("near")) return this.#tie;
    const tie = this.#find();
    this.#tie = tie;
    tie?.link.onDown("near", () => {
      if (this.#tie !== tie) return;
      this.#tie = null;
      this.#joining = false;
      this.#joins++;
      this.#lose();
    });
    return tie;
  }

  #hello(): HostHello {
    // What is in the introduction need not be said again.
    this.#flushResults();
    const now = this.#world.clock.now();
    const { id, incarnation } = this.#setup;
    return {
      host: id,
      incarnation,
      hostname: id,
      pid: 1,
      packageVersion: PACKAGE_VERSION,
      newEngines: this.#unnamed.length,
      engines: this.#seats.flatMap(({ isAnnounced, id, uuid }) =>
        isAnnounced && id !== null ? [this.#readyEngine(id, uuid)] : []
      ).sort((a, b) => a.id - b.id),
      returning: this.#seats.flatMap(({ returns, id }) => returns && id !== null ? [id] : []).sort((a, b) => a - b),
      held: [...this.#held.values()].map((run) => heldAttempt(run, now)),
    };
  }

  #readyEngine(id: EngineId, uuid: ReadyEngine["uuid"]): ReadyEngine {
    return { id, uuid, host: this.id, pid: 100 + id, slots: this.#setup.slots };
  }

  #seatOf(engine: EngineId): SimulatedSeat | null {
    return this.#seats.find(({ id, state }) => id === engine && state !== "stopped") ?? null;
  }

  #runsOf(epoch: Epoch, numbers: readonly DispatchNumber[]): SimulatedRun[] {
    return numbers.flatMap((number) => this.#held.get(dispatchKey(epoch, number)) ?? []);
  }

  #cancel(which: "limit" | "retry"): void {
    const timer = which === "limit" ? this.#limit : this.#retry;
    if (timer !== null) this.#world.clock.clearTimer(timer);
    if (which === "limit") this.#limit = null;
    else this.#retry = null;
  }
}

function heldAttempt(run: SimulatedRun, nowMs: number): HeldAttempt {
  const { spec, epoch, number, attempt, engine, state, ended, endedAtMs, uuid } = run;
  const report = ended?.report ?? null;
  const aged = ended === null || report === null
    ? ended
    : { ...ended, report: { ...report, ageMs: report.ageMs + nowMs - endedAtMs } };
  return { task: spec.id, epoch, number, attempt, engine, state, ended: aged, uuid: ended === null ? null : uuid };
}
