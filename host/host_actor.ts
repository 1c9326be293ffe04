/**
 * The host as an actor: what the scheduler, clients and other hosts may ask of it, over a fleet of engines.
 *
 * A thin layer: orders are turned into runs for the fleet, ends of runs into messages. The only one on its machine that
 * talks to the rest of the cluster. Spawned by the host's process under the name `host`.
 * @module
 */
import { Actor, type WatchEvent } from "../actors/actor.ts";
import type { NodeAddress } from "../actors/link_port.ts";
import type { ContentHash, DispatchNumber, EngineId, Epoch, HostId, Incarnation, Session } from "../protocol/ids.ts";
import type {
  DirectMessage,
  DispatchMessage,
  EngineMessage,
  HostHello,
  NewsMessage,
  ResultPiece,
} from "../protocol/messages.ts";
import { ACTOR_NAMES, type ClientApi, type HostApi } from "../protocol/roles.ts";
import type { HostSupervision } from "../protocol/supervision.ts";
import { nodeName, PURE_SCHEME } from "../protocol/subjects.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import { pushResult } from "./result_pushes.ts";
import { ConnectionError, MailboxFull, SerializationError } from "../wire/errors.ts";
import { ClientNews } from "./client_news.ts";
import { DirectClients } from "./direct_clients.ts";
import type { SeatReport } from "./engine_fleet.ts";
import { cacheEngineModule, mustBeCached } from "./engine_module.ts";
import type { EngineRun } from "./engine_run.ts";
import type { ReadyEngine, SeatEvents } from "./engine_seat.ts";
import { HeldRuns } from "./held_runs.ts";
import { buildHostParts, type HostActorOptions, type HostParts } from "./host_parts.ts";
import { readPure } from "./read_pure.ts";
import { readBroadcast } from "./read_broadcast.ts";
import { type DirectOrder, readDirect, readDispatch, readNumbers, type ReceivedCode } from "./read_orders.ts";
import type { RunEnd } from "./run_end.ts";

const SIGNALS: ReadonlySet<string> = new Set(
  ["SIGINT", "SIGTERM", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"],
);

/** From the answer to an order to end until it is carried out. */
const SAY_SO_MS = 50;

export type { HostActorOptions } from "./host_parts.ts";

/** The actor named `host` in a host's node. */
export class HostActor extends Actor implements HostApi {
  /** It bounds its own end, by `drainMs`. */
  static override readonly shutdown = Infinity;
  static override readonly callsOnly = [
    "startEngines",
    "stopEngines",
    "restartEngines",
    "signalEngines",
    "shutdown",
    "putBlob",
    "getBlob",
    "supervision",
  ];

  readonly #options: HostActorOptions;
  readonly #held = new HeldRuns();
  readonly #clients = new DirectClients();
  readonly #news = new ClientNews(
    (node, rows) => this.#tellNews(node, rows),
    (run) => this.#own.fleet.uuidOf(run.engine),
  );
  #parts: HostParts | null = null;
  #startedAtMs = 0;

  constructor(options: HostActorOptions) {
    super();
    this.#options = options;
  }

  /** All engines and how they are: for the process that this actor lives in. */
  get seats(): readonly SeatReport[] {
    return this.#own.fleet.seats;
  }

  protected override async onStart(): Promise<void> {
    const { mainModule, permissions } = this.#options.command;
    if (mustBeCached(mainModule, permissions.offline)) await cacheEngineModule(mainModule);
    this.#startedAtMs = this.context.clock.now();
    this.#parts = this.#build();
    void this.#own.fleet.start(this.#options.engines);
    void this.#own.link.join();
  }

  protected override async onStop(): Promise<void> {
    if (this.#parts === null) return;
    const { fleet, folder, results, link, intake, broadcasts, news } = this.#own;
    broadcasts?.close();
    // What still comes in while engines end is given back.
    await Promise.all([fleet.close(this.#options.drainMs()), intake?.end()]);
    news.flush();
    results.flush();
    link.close();
    folder[Symbol.dispose]();
  }

  protected override onWatched(event: WatchEvent): void {
    if (event.kind !== "ended") return;
    const { node, actor } = event.ref.address;
    if (actor === ACTOR_NAMES.scheduler) {
      this.context.log("warn", "the controller is gone", { reason: event.reason });
      this.#own.link.lost();
    } else if (node !== null) {
      for (const run of this.#clients.gone(node)) this.#own.fleet.abort(run);
    }
  }

  dispatch(batch: DispatchMessage): void {
    const order = this.#read("dispatch", () => readDispatch(batch));
    if (order === null || !this.#own.link.accepts(order.epoch)) return;
    this.#takeCodes(order.codes);
    for (const [number, run] of order.runs) {
      if (this.#held.add(order.epoch, number, run)) this.#own.fleet.enqueue(run);
    }
  }

  direct(batch: DirectMessage): void {
    const { sender } = this.context;
    const order = this.#read("direct", () => readDirect(batch, sender));
    if (order === null) return;
    this.#meet(order.session, sender);
    if (order.sequence !== null && !this.#clients.takeMessage(order.session, order.sequence)) return;
    this.#takeDirect(order);
  }

  abort(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const number of this.#readNumbers("abort", numbers)) {
      const run = this.#held.get(epoch, number);
      if (run !== null) this.#own.fleet.abort(run);
    }
  }

  callBack(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const number of this.#readNumbers("callBack", numbers)) {
      const run = this.#held.get(epoch, number);
      if (run !== null) this.#own.fleet.callBack(run);
    }
  }

  abortDirect(session: Session, counters: readonly number[]): void {
    for (const counter of this.#readNumbers("abortDirect", counters)) {
      const run = this.#clients.runs.get(session, counter);
      if (run !== null) this.#own.fleet.abort(run);
    }
  }

  release(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    this.#held.release(epoch, this.#readNumbers("release", numbers));
  }

  startEngines(count: number): Promise<readonly EngineId[]> {
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new RangeError(`Cannot start "${String(count)}" engines: it is a whole number from 1 up`);
    }
    const { fleet, naming } = this.#own;
    const named = fleet.start(count);
    naming.look();
    return this.context.replyLater(named);
  }

  stopEngines(ids: readonly EngineId[], drainMs: number): Promise<void> {
    return this.context.replyLater(this.#own.fleet.stop(ids, drainMs));
  }

  restartEngines(ids: readonly EngineId[], drainMs: number): Promise<void> {
    return this.context.replyLater(this.#own.fleet.restart(ids, drainMs));
  }

  signalEngines(signal: string, ids: readonly EngineId[]): void {
    if (!SIGNALS.has(signal)) {
      throw new TypeError(`Cannot send "${signal}": it is no signal for engines; there are ${[...SIGNALS].join(", ")}`);
    }
    this.#own.fleet.signal(signal as Deno.Signal, ids);
  }

  shutdown(drainMs: number): Promise<void> {
    return this.context.replyLater(this.#end(drainMs));
  }

  async #end(drainMs: number): Promise<void> {
    const { fleet } = this.#own;
    await fleet.stop(fleet.seats.flatMap(({ id }) => id ?? []), drainMs);
    // The reply is to be away before everything ends.
    this.context.after(SAY_SO_MS, () => this.#options.onShutdown?.());
  }

  putBlob(
    upload: string,
    size: number,
    offset: number,
    bytes: Uint8Array,
    engines: readonly EngineId[] = [],
  ): ContentHash | null {
    const { folder, fleet } = this.#own;
    const hash = folder.put(upload, size, offset, bytes);
    if (offset === 0) fleet.sendAhead(this.#readNumbers("putBlob", engines), upload, size, () => folder.follow(upload));
    return hash;
  }

  getBlob(hash: ContentHash, offset: number, length: number): Uint8Array {
    return this.#own.folder.read(hash, offset, length);
  }

  supervision(): HostSupervision {
    const uptimeMs = Math.round(this.context.clock.now() - this.#startedAtMs);
    return { uptimeMs, engines: this.#own.fleet.supervision };
  }

  get #own(): HostParts {
    if (this.#parts === null) throw new TypeError("Cannot use the host before it has started");
    return this.#parts;
  }

  get #id(): HostId {
    return nodeName(this.context.system.address) as HostId;
  }

  #build(): HostParts {
    return buildHostParts(this.context, this.#options, this.#id, this.#fleetEvents(), {
      hello: () => this.#hello(),
      joined: (ids, scheme) => {
        this.context.watch(this.#own.link.ref);
        this.#usePure(scheme === PURE_SCHEME);
        this.#own.fleet.assignIds(ids);
        this.#own.naming.look();
      },
      refused: (error) => {
        this.#options.onRefused?.(error);
        this.context.fail(error);
      },
      directSettled: (session, results) => this.#clients.send(session, results),
      pureArrived: (engine, bytes) => this.#takePure(engine, bytes),
      broadcastArrived: (bytes) => this.#takeBroadcast(bytes),
      toClient: (session, say) => this.#clients.tell(session, say),
    });
  }

  #fleetEvents(): SeatEvents {
    return {
      ready: (engine) => {
        // Before anybody hears that it is there: what is published then finds it.
        this.#own.intake?.open(engine.id);
        this.#own.link.tell((cast) => cast.engineReady(this.#engineMessage(engine)));
        this.#options.onEngineReady?.(engine);
      },
      draining: (id) => {
        this.#own.intake?.close(id);
        this.#own.link.tell((cast) => cast.engineDraining(id));
      },
      ended: (id, uuid, reason, requested, returns) => {
        this.#own.intake?.close(id);
        this.context.log(requested ? "info" : "warn", `engine ${id} ended: ${reason}`, { engine: id, returns });
        // That it is gone goes first: told of free places before that, the scheduler would fill them again.
        this.#own.link.tell((cast) => cast.engineEnded(id, uuid, reason, requested, returns));
        this.#own.results.flush();
        if (!returns) this.#options.onEngineGone?.(id, reason);
      },
      failed: (id, reason, givenUp) => {
        this.context.log(givenUp ? "error" : "warn", `engine ${id ?? "(no id yet)"} did not start: ${reason}`, {
          givenUp,
        });
        if (id !== null) this.#own.link.tell((cast) => cast.engineFailed(id, this.#id, reason, givenUp));
        this.#options.onEngineFailed?.(id, reason, givenUp);
      },
      runEnded: (run, end) => this.#runEnded(run, end),
      published: (run, data) => this.#news.published(run, data),
      progress: (run, fraction, text) => this.#news.progress(run, fraction, text),
      printed: (run, channel, text, at) => this.#news.printed(run, channel, text, at),
      nested: (run, lines) => this.#news.nested(run, lines),
      slot: ({ origin }, lent) => {
        // Direct tasks take no place at the scheduler, and have none to lend there.
        if (origin.kind !== "scheduled") return;
        const [numbers, none]: [DispatchNumber[], DispatchNumber[]] = [[origin.number], []];
        this.#own.link.tell((cast) =>
          lent ? cast.slots(origin.epoch, numbers, none) : cast.slots(origin.epoch, none, numbers)
        );
      },
      resultBegun: (run, total, follow) => {
        const send = (node: NodeAddress, piece: ResultPiece) =>
          this.context.system.refAt<ClientApi>(node, ACTOR_NAMES.client).call.resultPiece(piece);
        void pushResult(run, total, follow(), send);
      },
      clientEnded: (session) => this.#own.link.tell((cast) => cast.endClient(session)),
    };
  }

  /** Best effort: a client that does not keep up misses some. */
  #tellNews(node: NodeAddress, rows: readonly NewsMessage[]): void {
    try {
      this.context.system.refAt<ClientApi>(node, ACTOR_NAMES.client).cast.news(rows);
    } catch (error) {
      if (!(error instanceof MailboxFull || error instanceof ConnectionError)) throw error;
    }
  }

  #runEnded(run: EngineRun, end: RunEnd): void {
    const { origin } = run;
    this.#logFailure(run, end);
    const { results, fleet } = this.#own;
    if (origin.kind === "scheduled") {
      this.#held.ended(origin.epoch, origin.number, end, fleet.uuidOf(run.engine));
      return results.addEnded(origin.epoch, origin.number, end);
    }
    this.#clients.runs.remove(origin.session, origin.counter);
    if (origin.kind === "pure" && end.outcome.kind === "returned") {
      return this.#own.news.returned(origin.session, origin.counter);
    }
    const uuid = fleet.uuidOf(run.engine);
    results.addDirect(origin.session, origin.counter, run, uuid, end);
  }

  /** What a task itself throws is its client's business; what befell it here is to be found in the log too. */
  #logFailure({ task, attempt, engine }: EngineRun, { outcome }: RunEnd): void {
    if (outcome.kind !== "engine-died" && outcome.kind !== "timed-out" && outcome.kind !== "host-failed") return;
    this.context.log("warn", `attempt ${attempt} of task ${task} failed`, {
      task,
      attempt,
      engine,
      cause: outcome.message,
    });
  }

  #usePure(pure: boolean): void {
    const { intake } = this.#own;
    if (intake !== null) intake.enable(pure);
    else if (pure) this.context.log("error", "this host was not given the queue group, and takes no balanced tasks");
  }

  /** Tasks that nobody picked this engine for: they are its own from here on. */
  #takePure(engine: EngineId, bytes: Uint8Array): void {
    const order = this.#read("pure", () => readPure(bytes, engine), "the queue group");
    if (order === null) return;
    const { session, node, codes, runs } = order;
    const { fleet, news } = this.#own;
    this.#meet(session, `client.${node}`);
    this.#takeCodes(codes);
    const uuid = fleet.uuidOf(engine);
    if (uuid !== null) news.taken(session, engine, uuid, runs.map(([counter]) => counter));
    for (const [counter, run] of runs) {
      if (this.#clients.runs.add(session, counter, run)) fleet.enqueue(run);
    }
  }

  /** Direct tasks for engines of several hosts: those of this one. */
  #takeBroadcast(bytes: Uint8Array): void {
    const order = this.#read("broadcast", () => readBroadcast(bytes, this.#id), "the broadcast subject");
    if (order === null) return;
    const { session, sequence } = order;
    this.#meet(session, `client.${order.node}`);
    const taken = this.#clients.takeBroadcast(session, sequence);
    this.#clients.tell(session, (cast) => cast.broadcastHeard(this.#id, sequence, taken));
    if (taken) this.#takeDirect(order);
  }

  #takeDirect({ session, codes, runs }: Pick<DirectOrder, "session" | "codes" | "runs">): void {
    this.#takeCodes(codes);
    for (const [counter, run] of runs) {
      if (this.#clients.runs.add(session, counter, run)) this.#own.fleet.enqueue(run);
    }
  }

  #meet(session: Session, client: NodeAddress): void {
    const met = this.#clients.meet(session, client, this.context.system);
    if (met !== null) this.context.watch(met);
  }

  #hello(): HostHello {
    const { hostname, pid, slots } = this.#options;
    // What is in the introduction need not be said again.
    this.#own.results.flush();
    const { fleet } = this.#own;
    const engines = fleet.ready.map((engine) => this.#engineMessage(engine));
    const held = this.#held.messages(this.context.clock.now());
    const incarnation = this.context.system.incarnation as Incarnation;
    return [
      PROTOCOL_VERSION,
      PACKAGE_VERSION,
      this.#id,
      incarnation,
      hostname,
      pid,
      fleet.unnamed,
      engines,
      held,
      slots,
      fleet.returning,
    ];
  }

  #engineMessage({ id, uuid, pid }: ReadyEngine): EngineMessage {
    return [id, uuid, this.#id, pid, this.#options.slots];
  }

  #takeCodes(codes: readonly ReceivedCode[]): void {
    for (const [hash, source] of codes) {
      try {
        this.#own.codes.add(hash, source);
      } catch (error) {
        // Runs that need it fail one by one, with a reason.
        this.context.log("error", "code refused", { from: this.context.sender, reason: (error as Error).message });
      }
    }
  }

  #readNumbers<N extends number>(method: string, numbers: readonly N[]): readonly N[] {
    return this.#read(method, () => readNumbers(numbers)) ?? [];
  }

  /** What a cast says, or `null` where it is no message of ours: garbage from one sender must not end the host. */
  #read<T>(method: string, read: () => T, from: string = this.context.sender): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      this.context.log("error", "message dropped", { method, from, reason: error.message });
      return null;
    }
  }
}
