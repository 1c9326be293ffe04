/**
 * The scheduler: the shell around the pure core, and owner of all live state of it.
 *
 * Turns the messages of hosts and clients into events, stamps the time, and carries out the effects: what goes to one
 * receiver in one step is one cast. Decides nothing. Spawned by the controller; its facts go to the hub.
 * @module
 */
import { Actor, type WatchEvent } from "../actors/actor.ts";
import type { Fact } from "../protocol/facts.ts";
import type { Explanation } from "../protocol/explanation.ts";
import type {
  ContentHash,
  DispatchNumber,
  EngineId,
  EngineUuid,
  Epoch,
  HostId,
  Session,
  TaskId,
} from "../protocol/ids.ts";
import type {
  ClientHello,
  ClientWelcome,
  EndedMessage,
  EngineMessage,
  HostHello,
  HostWelcome,
  PayloadMessage,
  SubmitMessage,
} from "../protocol/messages.ts";
import type { SchedulerQueues } from "../protocol/queue_status.ts";
import type { PurgeMessage, StatusWords } from "../protocol/records.ts";
import type { SchedulerApi } from "../protocol/roles.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { CodeStore } from "./code_store.ts";
import type { Effect } from "./core/effects.ts";
import type { SchedulerEvent, TasksSubmitted } from "./core/events.ts";
import type { SchedulerCore } from "./core/scheduler_core.ts";
import { EffectBatches, settledBytes } from "./effect_batches.ts";
import {
  abortRequested,
  attemptsEnded,
  clientAttached,
  clientEnded,
  engineDraining,
  engineEnded,
  engineFailed,
  engineMessages,
  engineReady,
  hostJoined,
  resultsWatched,
  slotsChanged,
  tasksSubmitted,
} from "./event_messages.ts";
import type { OpenedJournal } from "./journal/open_journal.ts";
import { Doubts, type Leadership } from "./leadership.ts";
import { MonotonicWallClock } from "./monotonic_wall_clock.ts";
import { PendingReplies } from "./pending_replies.ts";
import { hashesOf, idOf, idsOf, purgeObstacles, targetsOf } from "./question_messages.ts";
import { Receivers } from "./receivers.ts";
import { ReleaseGate } from "./release_gate.ts";
import { SettleGate } from "./settle_gate.ts";
import { payloadToMessage } from "../wire/messages.ts";
import { takeOutUnfit } from "./unfit_tasks.ts";
import { Standstill, type StandstillOutlet } from "./standstill.ts";
import { checkVersion } from "./version_check.ts";

/** What the scheduler is made with. */
export interface SchedulerActorOptions {
  readonly core: SchedulerCore;
  readonly epoch: Epoch;
  readonly heartbeatMs: number;
  /** How long this life waits for the hosts of the one before, ms; absent: not at all. */
  readonly graceMs?: number;
  /** What hosts and clients are told of how balanced tasks go; with `pure` they pass by here. Default: nothing. */
  readonly scheme?: string;
  /** Takes the facts of each step, in order, before anything leaves that rests on them. */
  readonly onFacts: (facts: readonly Fact[]) => void;
  /** Where it is written down what has to outlive this life, and what earlier ones wrote; absent: nothing does. */
  readonly journal?: OpenedJournal;
  /** Whether this controller leads, where others stand by to take over; absent: there is no other. */
  readonly leadership?: Leadership;
}

/** The actor named `scheduler` of a cluster. */
export class SchedulerActor extends Actor implements SchedulerApi {
  static override readonly callsOnly = [
    "joinHost",
    "addEngines",
    "attachClient",
    "caughtUp",
    "explain",
    "statusOf",
    "queueStatus",
    "purge",
    "codes",
    "watch",
  ];

  readonly #options: SchedulerActorOptions;
  readonly #core: SchedulerCore;
  readonly #codes = new CodeStore();
  readonly #welcomes = new PendingReplies<HostId, HostWelcome>();
  readonly #engineRequests = new PendingReplies<number, readonly EngineId[]>();
  #receivers!: Receivers;
  #gate!: SettleGate;
  #releases!: ReleaseGate;
  #time!: MonotonicWallClock;
  #cancelWake: (() => void) | null = null;
  #requests = 0;
  #standstill: Standstill | null = null;
  readonly #doubts: Doubts;

  constructor(options: SchedulerActorOptions) {
    super();
    this.#options = options;
    this.#core = options.core;
    this.#doubts = new Doubts(options.leadership, {
      began: () => this.context.log("warn", "leadership is in doubt; nothing is decided until it is confirmed", {}),
      take: (event) => this.#step(event),
    });
  }

  protected override onStart(): void {
    this.#time = new MonotonicWallClock(this.context.clock);
    this.#receivers = new Receivers(this.context.system, (session, behind) => this.#paceChanged(session, behind));
    this.#gate = new SettleGate({
      send: (session, results) => {
        const size = () => settledBytes(results);
        this.#receivers.toClient(session, (cast) => cast.settled(this.#options.epoch, results), size);
      },
      after: (delayMs, task) => this.context.after(delayMs, task),
    });
    this.#releases = new ReleaseGate({
      release: (host, epoch, numbers) => this.#receivers.toHost(host, (cast) => cast.release(epoch, numbers)),
      after: (delayMs, task) => this.context.after(delayMs, task),
    });
    this.#step({ kind: "scheduler-began", at: this.#now() });
    const { graceMs = 0 } = this.#options;
    if (graceMs > 0) this.#standstill = new Standstill(this.#standstillOutlet(), graceMs);
    const { journal } = this.#options;
    if (journal !== undefined) this.#inherit(journal);
  }

  #standstillOutlet(): StandstillOutlet {
    return {
      now: () => this.#now(),
      after: (delayMs, task) => this.context.after(delayMs, task),
      stoodStill: (at, ms) => this.#decide({ kind: "stood-still", at, ms }),
    };
  }

  /** Goes on with what earlier lives left. */
  #inherit({ ledger, codes, writer }: OpenedJournal): void {
    writer.findCode((hash) => this.#codes.find(hash));
    const event = ledger.event(this.#now());
    for (const template of new Set(event.tasks.map(({ spec }) => spec.template))) {
      if (this.#codes.inherit(template, codes)) continue;
      this.context.log("error", "code is missing in the store", { task: template.name, code: template.code });
    }
    if (event.tasks.length > 0) this.#options.onFacts([...ledger.facts()]);
    this.#step(event);
  }

  /** Does it when all that was decided until now is as durable as was asked for. */
  #whenDurable(action: () => void): void {
    const { journal } = this.#options;
    if (journal === undefined) action();
    else journal.writer.whenDurable(action);
  }

  protected override onWatched(event: WatchEvent): void {
    const receiver = this.#receivers.receiverOf(event.ref);
    if (receiver === null) return;
    if (event.kind === "ended") {
      if (receiver.role === "client") this.#loseClient(receiver.id);
      else this.#loseHost(receiver.id, event.reason);
    } else if (receiver.role === "host") {
      const kind = event.kind === "reachable" ? "host-reachable" : "host-unreachable";
      this.#step({ kind, at: this.#now(), host: receiver.id });
    }
  }

  joinHost(hello: HostHello): Promise<HostWelcome> {
    const event = hostJoined(hello, this.#now());
    checkVersion(hello[0], hello[1], `host "${event.hostname}"`, this.context.log);
    this.#codes.forgetHost(event.host);
    this.context.watch(this.#receivers.host(event.host));
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
    this.#receive("engineReady", () => engineReady(message, this.#now()));
  }

  engineEnded(engine: EngineId, uuid: EngineUuid, reason: string, requested: boolean, returns: boolean): void {
    this.#receive("engineEnded", () => engineEnded(engine, uuid, reason, requested, returns, this.#now()));
  }

  engineFailed(engine: EngineId, host: HostId, reason: string, givenUp: boolean): void {
    this.context.log(givenUp ? "error" : "warn", "engine failed to start", { engine, host, reason, givenUp });
    this.#receive("engineFailed", () => engineFailed(engine, host, reason, givenUp, this.#now()));
  }

  engineDraining(engine: EngineId): void {
    this.#receive("engineDraining", () => engineDraining(engine, this.#now()));
  }

  ended(epoch: Epoch, results: readonly EndedMessage[]): void {
    const host = this.context.sender.slice("host.".length) as HostId;
    this.#receive("ended", () => attemptsEnded(host, epoch, results, this.#now()));
  }

  attachClient(hello: ClientHello): ClientWelcome | Promise<ClientWelcome> {
    return this.#answer(() => this.#attach(hello));
  }

  #attach(hello: ClientHello): ClientWelcome {
    const event = clientAttached(hello, this.#now());
    const { session } = event;
    checkVersion(hello[0], hello[1], `client "${session}"`, this.context.log);
    this.context.watch(this.#receivers.client(session));
    this.#gate.attached(session);
    this.#step(event);
    const { epoch, heartbeatMs, scheme = "" } = this.#options;
    return [epoch, PACKAGE_VERSION, engineMessages(this.#core.engines()), heartbeatMs, scheme];
  }

  detachClient(session: Session): void {
    if (this.#receivers.hasClient(session)) this.#loseClient(session);
  }

  endClient(session: Session): void {
    this.#receive("endClient", () => clientEnded(session, this.#now()));
    if (this.#receivers.hasClient(session)) this.#loseClient(session);
  }

  slots(epoch: Epoch, lent: readonly DispatchNumber[], retaken: readonly DispatchNumber[]): void {
    const host = this.context.sender.slice("host.".length) as HostId;
    this.#receive("slots", () => slotsChanged(host, epoch, lent, retaken, this.#now()));
  }

  submit(batch: SubmitMessage): void {
    this.#receive("submit", () => {
      const { event, templates } = tasksSubmitted(batch, this.#now());
      const unfit = this.#codes.receive(event.session, batch[1], templates);
      this.#gate.submitted(event.session, event.specs.length);
      return unfit.size === 0 ? event : this.#withoutUnfit(event, unfit);
    });
  }

  abort(ids: readonly TaskId[]): void {
    this.#receive("abort", () => abortRequested(ids, this.#now()));
  }

  /** Its place in the order of messages is all that matters. */
  caughtUp(): void | Promise<void> {
    if (this.#options.journal === undefined) return;
    return this.context.replyLater(new Promise((resolve) => this.#whenDurable(resolve)));
  }

  explain(id: TaskId): Explanation | Promise<Explanation> {
    return this.#answer(() => {
      // So that what is left of a pause is told as of now.
      this.#step({ kind: "woke", at: this.#now() });
      return this.#core.explain(idOf(id, "explain"));
    });
  }

  statusOf(ids: readonly TaskId[]): StatusWords | Promise<StatusWords> {
    return this.#answer(() => idsOf(ids, "status").map((id) => this.#core.statusOf(id)));
  }

  queueStatus(targets: readonly EngineId[] | null, verbose: boolean): SchedulerQueues | Promise<SchedulerQueues> {
    return this.#answer(() => this.#core.queueStatus(targetsOf(targets), verbose === true));
  }

  purge(ids: readonly TaskId[] | null): PurgeMessage | Promise<PurgeMessage> {
    return this.#answer(() => this.#purge(ids));
  }

  #purge(ids: readonly TaskId[] | null): PurgeMessage | Promise<PurgeMessage> {
    const wanted = ids === null ? null : idsOf(ids, "purge");
    const [pending, unknown] = wanted === null ? [[], []] : purgeObstacles(this.#core, wanted);
    if (pending.length + unknown.length === 0) this.#step({ kind: "purge-requested", at: this.#now(), ids: wanted });
    if (this.#options.journal === undefined) return [pending, unknown];
    return this.context.replyLater(
      new Promise<PurgeMessage>((resolve) => this.#whenDurable(() => resolve([pending, unknown]))),
    );
  }

  watch(session: Session, ids: readonly TaskId[]): StatusWords | Promise<StatusWords> {
    return this.#answer(() => {
      const event = resultsWatched(session, ids, this.#now());
      const words = event.ids.map((id) => this.#core.statusOf(id));
      this.#step(event);
      return words;
    });
  }

  codes(hashes: readonly ContentHash[]): readonly (PayloadMessage | null)[] {
    return hashesOf(hashes).map((hash) => {
      const source = this.#codes.find(hash);
      return source === null ? null : payloadToMessage(source);
    });
  }

  #now(): number {
    return this.#time.now();
  }

  /** Takes in what a cast says. Garbage from one sender is dropped and must not end the scheduler. */
  #receive(method: string, read: () => SchedulerEvent): void {
    let event: SchedulerEvent;
    try {
      event = read();
    } catch (error) {
      this.context.log("error", "message dropped", { method, from: this.context.sender, reason: String(error) });
      return;
    }
    this.#step(event);
  }

  #loseClient(session: Session): void {
    this.#step({ kind: "client-left", at: this.#now(), session });
    this.context.unwatch(this.#receivers.client(session));
    this.#receivers.forgetClient(session);
    this.#codes.forgetSession(session);
    this.#gate.forget(session);
  }

  /** Tasks whose code is not what it should be have failed, for their client and for those that name them. */
  #withoutUnfit(event: TasksSubmitted, unfit: ReadonlyMap<TaskTemplate, Error>): TasksSubmitted {
    const { session } = event;
    const { rest, failed, known } = takeOutUnfit(event, unfit);
    const { sender: from } = this.context;
    for (const error of new Set(unfit.values())) {
      this.context.log("error", "code refused", { from, reason: error.message });
    }
    this.#receivers.toClient(session, (cast) => cast.settled(this.#options.epoch, failed));
    return { ...rest, known: [...rest.known, ...known] };
  }

  /** In a step of its own: it is found out while the effects of another are carried out. */
  #paceChanged(session: Session, behind: boolean): void {
    if (behind) this.context.log("warn", "client does not keep up with its results: its tasks wait", { session });
    else this.context.log("info", "client keeps up with its results again", { session });
    this.context.after(0, () => {
      // As it is by then: another client may have come in its place.
      this.#step({
        kind: "client-pace-changed",
        at: this.#now(),
        session,
        behind: this.#receivers.isBehind(session),
      });
    });
  }

  #loseHost(host: HostId, reason: string): void {
    this.context.log(reason === "stopped" ? "info" : "warn", "host lost", { host, reason });
    this.#receivers.forgetHost(host);
    this.#releases.forget(host);
    this.#codes.forgetHost(host);
    this.#step({ kind: "host-lost", at: this.#now(), host, incarnation: null, reason });
  }

  /** The one way into the core and out of it. */
  #step(event: SchedulerEvent): void {
    const doubt = this.#doubts.current();
    if (doubt !== null) {
      doubt.events.push(event);
      return;
    }
    this.#standstill?.look();
    this.#decide(event);
  }

  #decide(event: SchedulerEvent): void {
    const effects = this.#core.step(event);
    if (effects.length === 0) return;
    const batches = new EffectBatches(this.#codes);
    for (const effect of effects) this.#carryOut(effect, batches, event.at);
    this.#send(batches);
  }

  /** The answer to a call, as soon as it may be given. */
  #answer<T>(reply: () => T | Promise<T>): T | Promise<T> {
    const doubt = this.#doubts.current();
    if (doubt === null) return reply();
    return this.context.replyLater(doubt.over.then(() => this.#answer(reply)));
  }

  #carryOut(effect: Effect, batches: EffectBatches, at: number): void {
    switch (effect.kind) {
      case "dispatch":
        return batches.dispatch(effect);
      case "settle":
        return batches.settle(effect, at);
      case "tell-watcher":
        return batches.tellWatcher(effect, at);
      case "release":
        return this.#whenDurable(() => this.#releases.add(effect.host, effect.epoch, effect.numbers));
      case "facts":
        this.#options.journal?.writer.write(effect.facts);
        return this.#options.onFacts(effect.facts);
      case "wake":
        return this.#wakeAt(effect.at);
      case "abort-attempts":
        return this.#receivers.toHost(effect.host, (cast) => cast.abort(effect.epoch, effect.numbers));
      case "call-back":
        return this.#receivers.toHost(effect.host, (cast) => cast.callBack(effect.epoch, effect.numbers));
      case "engines-changed":
        return this.#announceEngines();
      case "engines-named":
        return this.#engineRequests.resolve(effect.request, effect.ids);
      case "host-welcomed": {
        const { epoch, heartbeatMs, scheme = "" } = this.#options;
        return this.#welcomes.resolve(effect.host, [epoch, effect.ids, heartbeatMs, PACKAGE_VERSION, scheme]);
      }
      case "host-refused":
        this.context.log("warn", "host refused", { host: effect.host, reason: effect.reason });
        return this.#welcomes.reject(effect.host, new Error(effect.reason));
    }
  }

  #send(batches: EffectBatches): void {
    const { epoch } = this.#options;
    if (batches.settled.size + batches.watched.size > 0) this.#whenDurable(() => this.#tellOutcomes(batches));
    for (const [host, batch] of batches.dispatches) {
      const message = batch.message(epoch);
      this.#receivers.toHost(host, (cast) => cast.dispatch(message));
    }
  }

  #tellOutcomes(batches: EffectBatches): void {
    for (const [session, results] of batches.settled) this.#gate.push(session, results);
    for (const [session, results] of batches.watched) {
      const size = () => settledBytes(results.map(([, settled]) => settled));
      this.#receivers.toClient(session, (cast) => cast.watched(results), size);
    }
  }

  #announceEngines(): void {
    const list = engineMessages(this.#core.engines());
    this.#receivers.toAllClients((cast) => cast.engines(list));
  }

  #wakeAt(at: number): void {
    this.#cancelWake?.();
    this.#cancelWake = this.context.after(Math.max(0, at - this.#now()), () => {
      this.#cancelWake = null;
      this.#step({ kind: "woke", at: this.#now() });
    });
  }
}
