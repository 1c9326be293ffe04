/**
 * The scheduler: the shell around the pure core, and owner of all live state of it.
 *
 * Turns the messages of hosts and clients into events, stamps the time, and carries out the effects: what goes to one
 * receiver in one step is one cast. Decides nothing. Spawned by the controller; its facts go to the hub.
 * @module
 */
import { Actor, type WatchEvent } from "../actors/actor.ts";
import type { Ref } from "../actors/ref.ts";
import type { Fact } from "../protocol/facts.ts";
import type { EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "../protocol/ids.ts";
import type {
  ClientHello,
  ClientWelcome,
  EndedMessage,
  EngineMessage,
  HostHello,
  HostWelcome,
  SubmitMessage,
} from "../protocol/messages.ts";
import type { SchedulerApi } from "../protocol/roles.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import { SerializationError, VersionMismatch } from "../wire/errors.ts";
import { CodeStore } from "./code_store.ts";
import type { Effect } from "./core/effects.ts";
import type { SchedulerEvent } from "./core/events.ts";
import type { SchedulerCore } from "./core/scheduler_core.ts";
import { EffectBatches } from "./effect_batches.ts";
import { engineMessages, hostJoined, readyEngine, tasksSubmitted } from "./event_messages.ts";
import { MonotonicWallClock } from "./monotonic_wall_clock.ts";
import { Peers } from "./peers.ts";
import { PendingReplies } from "./pending_replies.ts";
import { endedFromMessage } from "../wire/messages.ts";

/** What the scheduler is made with. */
export interface SchedulerActorOptions {
  readonly core: SchedulerCore;
  readonly epoch: Epoch;
  readonly heartbeatMs: number;
  /** Takes the facts of each step, in order, before anything leaves that rests on them. */
  readonly onFacts: (facts: readonly Fact[]) => void;
}

/** The actor named `scheduler` of a cluster. */
export class SchedulerActor extends Actor implements SchedulerApi {
  readonly #options: SchedulerActorOptions;
  readonly #core: SchedulerCore;
  readonly #codes = new CodeStore();
  readonly #welcomes = new PendingReplies<HostId, HostWelcome>();
  readonly #engineRequests = new PendingReplies<number, readonly EngineId[]>();
  #peers!: Peers;
  #time!: MonotonicWallClock;
  #cancelWake: (() => void) | null = null;
  #requests = 0;

  constructor(options: SchedulerActorOptions) {
    super();
    this.#options = options;
    this.#core = options.core;
  }

  protected override onStart(): void {
    this.#time = new MonotonicWallClock(this.context.clock);
    this.#peers = new Peers(this.context.system);
    this.#step({ kind: "scheduler-began", at: this.#now() });
  }

  protected override onWatched(event: WatchEvent): void {
    const peer = this.#peers.peerOf(event.ref);
    if (peer === null) return;
    if (peer.role === "client") {
      if (event.kind === "ended") this.detachClient(peer.id);
    } else if (event.kind === "ended") this.#loseHost(peer.id, event.reason);
    else {this.#step({
        kind: event.kind === "reachable" ? "host-reachable" : "host-unreachable",
        at: this.#now(),
        host: peer.id,
      });}
  }

  joinHost(hello: HostHello): Promise<HostWelcome> {
    const event = hostJoined(hello, this.#now());
    this.#checkVersion(hello[0], hello[1], `host "${event.hostname}"`);
    this.#codes.forgetHost(event.host);
    this.context.watch(this.#peers.host(event.host));
    const welcome = this.#welcomes.wait(event.host);
    this.#step(event);
    return this.context.replyLater(welcome);
  }

  addEngines(host: HostId, count: number): Promise<readonly EngineId[]> {
    const request = ++this.#requests;
    const ids = this.#engineRequests.wait(request);
    this.#step({ kind: "engines-requested", at: this.#now(), host, count, request });
    return this.context.replyLater(ids);
  }

  engineReady(message: EngineMessage): void {
    const engine = this.#read("engineReady", () => readyEngine(message));
    if (engine !== null) this.#step({ kind: "engine-ready", at: this.#now(), engine });
  }

  engineEnded(engine: EngineId, uuid: EngineUuid, reason: string, requested: boolean, returns: boolean): void {
    this.#step({ kind: "engine-ended", at: this.#now(), engine, uuid, reason, requested, returns });
  }

  engineFailed(engine: EngineId, host: HostId, reason: string, givenUp: boolean): void {
    this.context.log(givenUp ? "error" : "warn", "engine failed to start", { engine, host, reason, givenUp });
    this.#step({ kind: "engine-failed", at: this.#now(), engine, host, reason, givenUp });
  }

  engineDraining(engine: EngineId): void {
    this.#step({ kind: "engine-draining", at: this.#now(), engine });
  }

  ended(epoch: Epoch, results: readonly EndedMessage[]): void {
    const host = this.context.sender.slice("host.".length) as HostId;
    const read = this.#read("ended", () => results.map(endedFromMessage));
    if (read !== null) this.#step({ kind: "attempts-ended", at: this.#now(), host, epoch, results: read });
  }

  attachClient([protocol, version, session, , firstUnsettled]: ClientHello): ClientWelcome {
    this.#checkVersion(protocol, version, `client "${session}"`);
    this.context.watch(this.#peers.client(session));
    this.#step({ kind: "client-attached", at: this.#now(), session, firstUnsettled });
    const { epoch, heartbeatMs } = this.#options;
    return [epoch, PACKAGE_VERSION, engineMessages(this.#core.engines()), heartbeatMs];
  }

  detachClient(session: Session): void {
    this.#step({ kind: "client-left", at: this.#now(), session });
    this.context.unwatch(this.#peers.client(session));
    this.#peers.forgetClient(session);
  }

  submit(batch: SubmitMessage): void {
    const event = this.#read("submit", () => {
      const submitted = tasksSubmitted(batch, this.#now());
      this.#codes.add(batch[0], batch[1]);
      return submitted;
    });
    if (event !== null) this.#step(event);
  }

  abort(ids: readonly TaskId[]): void {
    this.#step({ kind: "abort-requested", at: this.#now(), ids });
  }

  #now(): number {
    return this.#time.now();
  }

  /** What a cast says, or `null` where it is no message of ours: garbage from one sender must not end the scheduler. */
  #read<T>(method: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      this.context.log("error", "message dropped", { method, from: this.context.sender, reason: error.message });
      return null;
    }
  }

  #loseHost(host: HostId, reason: string): void {
    this.context.log("warn", "host lost", { host, reason });
    this.#peers.forgetHost(host);
    this.#codes.forgetHost(host);
    this.#step({ kind: "host-lost", at: this.#now(), host, incarnation: null, reason });
  }

  /** The one way into the core and out of it. */
  #step(event: SchedulerEvent): void {
    const effects = this.#core.step(event);
    if (effects.length === 0) return;
    const batches = new EffectBatches(this.#codes);
    for (const effect of effects) this.#carryOut(effect, batches, event.at);
    this.#send(batches);
  }

  #carryOut(effect: Effect, batches: EffectBatches, at: number): void {
    switch (effect.kind) {
      case "dispatch":
        return batches.dispatch(effect);
      case "settle":
        return batches.settle(effect, at);
      case "release":
        return batches.release(effect.host, effect.epoch, effect.numbers);
      case "facts":
        return this.#options.onFacts(effect.facts);
      case "wake":
        return this.#wakeAt(effect.at);
      case "abort-attempts":
        return this.#peers.toHost(effect.host, (cast) => cast.abort(effect.epoch, effect.numbers));
      case "engines-changed":
        return this.#announceEngines();
      case "engines-named":
        return this.#engineRequests.resolve(effect.request, effect.ids);
      case "host-welcomed": {
        const { epoch, heartbeatMs } = this.#options;
        return this.#welcomes.resolve(effect.host, [epoch, effect.ids, heartbeatMs, PACKAGE_VERSION]);
      }
      case "host-refused":
        this.context.log("warn", "host refused", { host: effect.host, reason: effect.reason });
        return this.#welcomes.reject(effect.host, new Error(effect.reason));
    }
  }

  #send(batches: EffectBatches): void {
    const { epoch } = this.#options;
    for (const [session, results] of batches.settled) {
      this.#peers.toClient(session, (cast) => cast.settled(epoch, results));
    }
    for (const [host, batch] of batches.dispatches) {
      const message = batch.message(epoch);
      this.#peers.toHost(host, (cast) => cast.dispatch(message));
    }
    for (const [host, lists] of batches.released) {
      for (const list of lists) this.#peers.toHost(host, (cast) => cast.release(list.epoch, list.numbers));
    }
  }

  #announceEngines(): void {
    const list = engineMessages(this.#core.engines());
    this.#peers.toAllClients((cast) => cast.engines(list));
  }

  #wakeAt(at: number): void {
    this.#cancelWake?.();
    this.#cancelWake = this.context.after(Math.max(0, at - this.#now()), () => {
      this.#cancelWake = null;
      this.#step({ kind: "woke", at: this.#now() });
    });
  }

  #checkVersion(protocol: number, version: string, who: string): void {
    if (protocol !== PROTOCOL_VERSION) {
      throw new VersionMismatch(
        `Cannot take in ${who}: it is of version ${version} (protocol ${protocol}), the controller of ` +
          `${PACKAGE_VERSION} (protocol ${PROTOCOL_VERSION}); run the same version everywhere, and reload what a URL ` +
          `import has cached with "--reload".`,
      );
    }
    if (version !== PACKAGE_VERSION) {
      this.context.log("warn", "another package version joined", { who, version, own: PACKAGE_VERSION });
    }
  }
}

/** A reference to any scheduler, wherever it runs. */
export type SchedulerRef = Ref<SchedulerApi>;
