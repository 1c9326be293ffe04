/**
 * A model of the scheduler's shell, `scheduler/scheduler_actor.ts`, around the real core: messages become events, effects
 * become messages, in the same order.
 *
 * One for each life of the controller. What the core is told and what it orders passes the `ledger`, where the rules are
 * checked. Made by `world.ts`.
 * @module
 */
import type { DispatchNumber, EngineId, Epoch, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { Dispatch, Effect, Settle } from "../../scheduler/core/effects.ts";
import type { EndedAttempt, ReadyEngine, SchedulerEvent } from "../../scheduler/core/events.ts";
import { coreOver } from "../../scheduler/core/scheduler.ts";
import type { SchedulerCore } from "../../scheduler/core/scheduler_core.ts";
import type { SchedulerState } from "../../scheduler/core/state.ts";
import type { Clock, TimerHandle } from "../../wire/clock.ts";
import type { Link } from "./network.ts";
import type { ClientSide, SimulatedClient, SubmittedPart } from "./simulated_client.ts";
import type { HostAnswer, HostHello, HostSide, SimulatedHost } from "./simulated_host.ts";

/** Sees everything that goes into the core and comes out of it. */
export interface CoreWatcher {
  hear(event: SchedulerEvent): void;
  see(effects: readonly Effect[]): void;
}

export interface SchedulerSetup {
  readonly clock: Clock;
  /** The controller's own time, epoch ms: it may jump. */
  readonly wallMs: () => number;
  readonly state: SchedulerState;
  readonly watcher: CoreWatcher;
}

interface KnownHost {
  readonly host: SimulatedHost;
  readonly link: Link;
  answer: ((answer: HostAnswer) => void) | null;
}

interface KnownClient {
  readonly client: SimulatedClient;
  readonly link: Link;
}

/** Releases wait so long for company. */
const RELEASE_HOLD_MS = 50;

export class SimulatedScheduler implements HostSide, ClientSide {
  readonly #setup: SchedulerSetup;
  #state: SchedulerState;
  #core: SchedulerCore;
  readonly #hosts = new Map<HostId, KnownHost>();
  readonly #clients = new Map<Session, KnownClient>();
  readonly #links = new Set<Link>();
  readonly #requests = new Map<number, (ids: readonly EngineId[]) => void>();
  #lastRequest = 0;
  #releases = new Map<HostId, { readonly epoch: Epoch; readonly numbers: readonly DispatchNumber[] }[]>();
  #releasing: TimerHandle | null = null;
  #wake: TimerHandle | null = null;
  #alive = true;

  constructor(setup: SchedulerSetup) {
    this.#setup = setup;
    this.#state = setup.state;
    this.#core = coreOver(setup.state);
  }

  get state(): SchedulerState {
    return this.#state;
  }

  get core(): SchedulerCore {
    return this.#core;
  }

  get epoch(): Epoch {
    return this.#state.options.epoch;
  }

  begin(): void {
    this.step({ kind: "scheduler-began", at: this.#now() });
  }

  /** Goes on from a snapshot of its own: nobody notices. */
  replaceState(state: SchedulerState): void {
    this.#state = state;
    this.#core = coreOver(state);
  }

  /** Whoever was there when the snapshot was taken has no link to this life. */
  dropAll(): void {
    const reason = "the controller lost its links";
    const { registry, sessions } = this.#state;
    for (const host of [...registry.hosts.keys()]) {
      this.step({ kind: "host-lost", at: this.#now(), host, incarnation: null, reason });
    }
    for (const { id, attached } of [...sessions.values()]) {
      if (attached) this.step({ kind: "client-left", at: this.#now(), session: id });
    }
    if (this.#state.wakeAt < Infinity) this.#wakeAt(this.#state.wakeAt);
  }

  /** A link of this life that somebody opened. */
  accept(link: Link): void {
    this.#links.add(link);
  }

  /** Its process is gone. */
  die(): void {
    this.#alive = false;
    for (const timer of [this.#wake, this.#releasing]) if (timer !== null) this.#setup.clock.clearTimer(timer);
    for (const link of this.#links) link.die("far");
  }

  joinHost(link: Link, host: SimulatedHost, hello: HostHello, answer: (answer: HostAnswer) => void): void {
    const known = this.#hosts.get(hello.host);
    if (known !== undefined && known.link !== link) known.link.giveUp("far");
    const reply = (said: HostAnswer) => link.send("far", () => answer(said));
    this.#hosts.set(hello.host, { host, link, answer: reply });
    link.onDown("far", () => this.#hostDown(hello.host, link));
    this.step({ kind: "host-joined", at: this.#now(), ...hello });
  }

  addEngines(host: HostId, count: number, answer: (ids: readonly EngineId[]) => void): void {
    const request = ++this.#lastRequest;
    this.#requests.set(request, answer);
    this.step({ kind: "engines-requested", at: this.#now(), host, count, request });
  }

  engineReady(engine: ReadyEngine): void {
    this.step({ kind: "engine-ready", at: this.#now(), engine });
  }

  engineEnded(
    engine: EngineId,
    uuid: ReadyEngine["uuid"],
    reason: string,
    requested: boolean,
    returns: boolean,
  ): void {
    this.step({ kind: "engine-ended", at: this.#now(), engine, uuid, reason, requested, returns });
  }

  engineFailed(engine: EngineId, host: HostId, reason: string, givenUp: boolean): void {
    this.step({ kind: "engine-failed", at: this.#now(), engine, host, reason, givenUp });
  }

  engineDraining(engine: EngineId): void {
    this.step({ kind: "engine-draining", at: this.#now(), engine });
  }

  attemptsEnded(host: HostId, epoch: Epoch, results: readonly EndedAttempt[]): void {
    this.step({ kind: "attempts-ended", at: this.#now(), host, epoch, results });
  }

  attachClient(link: Link, client: SimulatedClient, firstUnsettled: number, answer: (epoch: Epoch) => void): void {
    const { session } = client;
    const known = this.#clients.get(session);
    if (known !== undefined && known.link !== link) known.link.giveUp("far");
    this.#clients.set(session, { client, link });
    link.onDown("far", () => this.#clientDown(session, link));
    this.step({ kind: "client-attached", at: this.#now(), session, firstUnsettled });
    answer(this.epoch);
  }

  detachClient(session: Session): void {
    if (this.#clients.has(session)) this.#loseClient(session);
  }

  submit(session: Session, batch: SubmittedPart): void {
    const event = { kind: "tasks-submitted", at: this.#now(), session, ...batch } as const;
    this.step(event);
  }

  abort(ids: readonly TaskId[]): void {
    this.step({ kind: "abort-requested", at: this.#now(), ids });
  }

  purge(ids: readonly TaskId[] | null): void {
    this.step({ kind: "purge-requested", at: this.#now(), ids });
  }

  /** A host is not heard for a while, or is again. */
  hostReachability(link: Link, kind: "host-unreachable" | "host-reachable"): void {
    for (const [host, known] of this.#hosts) {
      if (known.link === link && link.isOpen("far")) this.step({ kind, at: this.#now(), host });
    }
  }

  /** The one way into the core and out of it. */
  step(event: SchedulerEvent): void {
    if (!this.#alive) return;
    const { watcher } = this.#setup;
    watcher.hear(event);
    const effects = this.#core.step(event);
    watcher.see(effects);
    const dispatches = new Map<HostId, Dispatch[]>();
    const settled = new Map<Session, Settle[]>();
    for (const effect of effects) this.#carryOut(effect, dispatches, settled);
    for (const [session, results] of settled) this.#settle(session, results);
    for (const [host, runs] of dispatches) this.#dispatch(host, runs);
  }

  #carryOut(effect: Effect, dispatches: Map<HostId, Dispatch[]>, settled: Map<Session, Settle[]>): void {
    switch (effect.kind) {
      case "dispatch":
        return addTo(dispatches, effect.host, effect);
      case "settle":
        return addTo(settled, effect.session, effect);
      case "release":
        return this.#release(effect.host, effect.epoch, effect.numbers);
      case "abort-attempts":
        return this.#toHost(effect.host, (host) => host.abort(effect.epoch, effect.numbers));
      case "call-back":
        return this.#toHost(effect.host, (host) => host.callBack(effect.epoch, effect.numbers));
      case "engines-named":
        this.#requests.get(effect.request)?.(effect.ids);
        this.#requests.delete(effect.request);
        return;
      case "host-welcomed":
        return this.#answer(effect.host, { epoch: this.epoch, ids: effect.ids });
      case "host-refused":
        return this.#answer(effect.host, { refused: effect.reason });
      case "wake":
        return this.#wakeAt(effect.at);
      case "facts":
      case "engines-changed":
        return;
    }
  }

  #answer(id: HostId, answer: HostAnswer): void {
    const known = this.#hosts.get(id);
    known?.answer?.(answer);
    if (known !== undefined) known.answer = null;
  }

  #toHost(id: HostId, order: (host: SimulatedHost) => void): void {
    const known = this.#hosts.get(id);
    known?.link.send("far", () => order(known.host));
  }

  #dispatch(id: HostId, runs: readonly Dispatch[]): void {
    const { epoch } = this;
    this.#toHost(id, (host) => host.dispatch(epoch, runs));
    this.#flushReleases(id);
  }

  #settle(session: Session, results: readonly Settle[]): void {
    const known = this.#clients.get(session);
    const { epoch } = this;
    known?.link.send("far", () => known.client.settled(epoch, results));
  }

  #release(host: HostId, epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    addTo(this.#releases, host, { epoch, numbers });
    this.#releasing ??= this.#setup.clock.setTimer(() => {
      this.#releasing = null;
      for (const id of [...this.#releases.keys()]) this.#flushReleases(id);
    }, RELEASE_HOLD_MS);
  }

  #flushReleases(id: HostId): void {
    const held = this.#releases.get(id) ?? [];
    this.#releases.delete(id);
    for (const { epoch, numbers } of held) this.#toHost(id, (host) => host.release(epoch, numbers));
  }

  #hostDown(id: HostId, link: Link): void {
    if (this.#hosts.get(id)?.link !== link) return;
    this.#hosts.delete(id);
    this.#releases.delete(id);
    this.step({ kind: "host-lost", at: this.#now(), host: id, incarnation: null, reason: "silent" });
  }

  #clientDown(session: Session, link: Link): void {
    if (this.#clients.get(session)?.link === link) this.#loseClient(session);
  }

  #loseClient(session: Session): void {
    this.#clients.delete(session);
    this.step({ kind: "client-left", at: this.#now(), session });
  }

  #wakeAt(at: number): void {
    if (this.#wake !== null) this.#setup.clock.clearTimer(this.#wake);
    this.#wake = this.#setup.clock.setTimer(() => {
      this.#wake = null;
      this.step({ kind: "woke", at: this.#now() });
    }, Math.max(0, at - this.#now()));
  }

  #now(): number {
    return this.#setup.wallMs();
  }
}

function addTo<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [item]);
  else list.push(item);
}
