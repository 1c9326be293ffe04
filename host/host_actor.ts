/**
 * The host as an actor: what the scheduler, clients and other hosts may ask of it, over a fleet of engines.
 *
 * A thin layer: orders are turned into runs for the fleet, ends of runs into messages. The only one on its machine that
 * talks to the rest of the cluster. Spawned by the host's process under the name `host`.
 * @module
 */
import { Actor, type WatchEvent } from "../actors/actor.ts";
import { Outbox } from "../actors/outbox.ts";
import type { NodeAddress } from "../actors/link_port.ts";
import type { ContentHash, DispatchNumber, EngineId, Epoch, HostId, Incarnation, Session } from "../protocol/ids.ts";
import type {
  CodeMessage,
  DirectMessage,
  DispatchMessage,
  EngineMessage,
  HostHello,
  TemplateMessage,
} from "../protocol/messages.ts";
import { ACTOR_NAMES, type ClientApi, type HostApi } from "../protocol/roles.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { PACKAGE_VERSION, PROTOCOL_VERSION } from "../protocol/version.ts";
import { payloadFromMessage, templateFromMessage } from "../wire/messages.ts";
import { taskId } from "../wire/task_ids.ts";
import { BlobFetcher } from "./blob_fetcher.ts";
import { BlobFolder } from "./blob_folder.ts";
import { CodeStore } from "./code_store.ts";
import { DirectRuns } from "./direct_runs.ts";
import { engineCommand, type EngineCommandOptions } from "./engine_command.ts";
import { EngineFleet, type SeatReport } from "./engine_fleet.ts";
import { cacheEngineModule, mustBeCached } from "./engine_module.ts";
import { EngineRun } from "./engine_run.ts";
import type { ReadyEngine, SeatEvents } from "./engine_seat.ts";
import { HeldRuns } from "./held_runs.ts";
import { ResultBatches } from "./result_batches.ts";
import type { RunEnd } from "./run_end.ts";
import { SchedulerLink } from "./scheduler_link.ts";

/** What a host is made with. */
export interface HostActorOptions {
  /** Engines to start with. */
  readonly engines: number;
  /** Tasks an engine runs at a time. */
  readonly slots: number;
  readonly hostname: string;
  readonly pid: number;
  readonly command: EngineCommandOptions;
  /** Between two pings of an idle engine, ms. */
  readonly heartbeatMs: number;
  /** From the abort of a running task to the end of its process, ms. */
  readonly graceMs: number;
  /** How long running tasks may go on when this actor is stopped, ms; asked for then. */
  readonly drainMs: () => number;
  /** Bytes in the blob folder; `null`: its default. */
  readonly blobLimitBytes: number | null;
  /** Told of each engine that is ready, for who waits for the start. */
  readonly onEngineReady?: (engine: ReadyEngine) => void;
  /** Told of each engine that ended before it was ready. */
  readonly onEngineFailed?: (id: EngineId | null, reason: string, givenUp: boolean) => void;
}

const PIECE_LIMIT_MS = 30_000;
const SIGNALS: ReadonlySet<string> = new Set(
  ["SIGINT", "SIGTERM", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"],
);

/** The actor named `host` in a host's node. */
export class HostActor extends Actor implements HostApi {
  /** It bounds its own end, by `drainMs`. */
  static override readonly shutdown = Infinity;

  readonly #options: HostActorOptions;
  readonly #held = new HeldRuns();
  readonly #direct = new DirectRuns();
  readonly #clients = new Map<Session, Outbox<ClientApi>>();
  #parts: HostParts | null = null;

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
    this.#parts = this.#build();
    this.#own.fleet.start(this.#options.engines);
    void this.#own.link.join();
  }

  protected override async onStop(): Promise<void> {
    if (this.#parts === null) return;
    const { fleet, folder, results, link } = this.#own;
    await fleet.close(this.#options.drainMs());
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
    } else if (node !== null) this.#clientGone(node.slice(node.indexOf(".") + 1) as Session);
  }

  dispatch([epoch, codes, templates, runs]: DispatchMessage): void {
    if (!this.#own.link.accepts(epoch)) return;
    const shared = this.#takeShared(codes, templates);
    for (const [number, engine, task, attempt, template, args] of runs) {
      const origin = { kind: "scheduled", epoch, number } as const;
      const run = new EngineRun(origin, engine, task, attempt, templateAt(shared, template), payloadFromMessage(args));
      if (this.#held.add(epoch, number, run)) this.#own.fleet.enqueue(run);
    }
  }

  direct([session, codes, templates, runs]: DirectMessage): void {
    const shared = this.#takeShared(codes, templates);
    const client = this.context.sender;
    for (const [counter, engine, template, args] of runs) {
      const origin = { kind: "direct", session, counter, client } as const;
      const task = taskId(session, counter);
      const run = new EngineRun(origin, engine, task, 1, templateAt(shared, template), payloadFromMessage(args));
      if (!this.#direct.add(session, counter, run)) continue;
      this.#clientBox(session, client);
      this.#own.fleet.enqueue(run);
    }
  }

  abort(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    for (const number of numbers) {
      const run = this.#held.get(epoch, number);
      if (run !== null) this.#own.fleet.abort(run);
    }
  }

  abortDirect(session: Session, counters: readonly number[]): void {
    for (const counter of counters) {
      const run = this.#direct.get(session, counter);
      if (run !== null) this.#own.fleet.abort(run);
    }
  }

  release(epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    this.#held.release(epoch, numbers);
  }

  startEngines(count: number): Promise<readonly EngineId[]> {
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new RangeError(`Cannot start "${String(count)}" engines: it is a whole number from 1 up`);
    }
    return this.context.replyLater(this.#addEngines(count));
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

  putBlob(hash: ContentHash, size: number, offset: number, bytes: Uint8Array): void {
    this.#own.folder.put(hash, size, offset, bytes);
  }

  getBlob(hash: ContentHash, offset: number, length: number): Uint8Array {
    return this.#own.folder.read(hash, offset, length);
  }

  get #own(): HostParts {
    if (this.#parts === null) throw new TypeError("Cannot use the host before it has started");
    return this.#parts;
  }

  get #id(): HostId {
    return nodeOf(this.context.system.address) as HostId;
  }

  #build(): HostParts {
    const { clock, system, log } = this.context;
    const { blobLimitBytes, command, heartbeatMs, graceMs } = this.#options;
    const folder = new BlobFolder({
      home: this.#id,
      ...(blobLimitBytes === null ? {} : { limitBytes: blobLimitBytes }),
    });
    const fetcher = new BlobFetcher(folder, (home, hash, offset, length) => {
      const peer = system.refAt<HostApi>(`host.${home}`, ACTOR_NAMES.host);
      return peer.call.getBlob(hash, offset, length, { timeout: PIECE_LIMIT_MS });
    });
    const codes = new CodeStore((ref) => fetcher.bytes(ref));
    const results = new ResultBatches({
      ended: (epoch, list) => this.#own.link.tell((cast) => cast.ended(epoch, list)),
      directSettled: (session, list) => this.#clients.get(session)?.push((cast) => cast.directSettled(list)),
    }, () => clock.now());
    const fleet = new EngineFleet({
      command: () => engineCommand(command),
      sources: { code: (hash) => codes.get(hash), lease: (ref) => fetcher.lease(ref) },
      folder,
      clock,
      log,
      heartbeatMs,
      graceMs,
    }, this.#fleetEvents());
    const link = new SchedulerLink({
      system,
      clock,
      log,
      hello: () => this.#hello(),
      joined: (ids) => {
        this.context.watch(link.ref);
        fleet.assignIds(ids);
      },
      refused: (error) => this.context.fail(error),
    });
    return { folder, codes, results, fleet, link };
  }

  #fleetEvents(): SeatEvents {
    return {
      ready: (engine) => {
        this.#own.link.tell((cast) => cast.engineReady(this.#engineMessage(engine)));
        this.#options.onEngineReady?.(engine);
      },
      draining: (id) => this.#own.link.tell((cast) => cast.engineDraining(id)),
      ended: (id, uuid, reason, requested, returns) => {
        // First what the process had in hand, then that it is gone.
        this.#own.results.flush();
        this.context.log(requested ? "info" : "warn", `engine ${id} ended: ${reason}`, { engine: id, returns });
        this.#own.link.tell((cast) => cast.engineEnded(id, uuid, reason, requested, returns));
      },
      failed: (id, reason, givenUp) => {
        this.context.log(givenUp ? "error" : "warn", `engine ${id ?? "(no id yet)"} did not start: ${reason}`, {
          givenUp,
        });
        if (id !== null) this.#own.link.tell((cast) => cast.engineFailed(id, this.#id, reason, givenUp));
        this.#options.onEngineFailed?.(id, reason, givenUp);
      },
      runEnded: (run, end) => this.#runEnded(run, end),
      published: (run) => this.context.log("debug", "a task published data", { task: run.task }),
      progress: (run, fraction, text) =>
        this.context.log("debug", "a task is on its way", { task: run.task, fraction, text }),
    };
  }

  #runEnded(run: EngineRun, end: RunEnd): void {
    const { origin } = run;
    const { results, fleet } = this.#own;
    if (origin.kind === "scheduled") {
      this.#held.ended(origin.epoch, origin.number, end);
      return results.addEnded(origin.epoch, origin.number, end);
    }
    this.#direct.remove(origin.session, origin.counter);
    const uuid = fleet.uuidOf(run.engine);
    results.addDirect(origin.session, origin.counter, run, uuid, end);
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
    ];
  }

  #engineMessage({ id, uuid, pid }: ReadyEngine): EngineMessage {
    return [id, uuid, this.#id, pid, this.#options.slots];
  }

  /** The processes start while the scheduler finds them names. */
  async #addEngines(count: number): Promise<readonly EngineId[]> {
    const { fleet, link } = this.#own;
    fleet.start(count);
    const ids = await link.ref.call.addEngines(this.#id, count);
    fleet.assignIds(ids);
    return ids;
  }

  #takeShared(codes: readonly CodeMessage[], templates: readonly TemplateMessage[]): readonly TaskTemplate[] {
    for (const [hash, source] of codes) {
      try {
        this.#own.codes.add(hash, payloadFromMessage(source));
      } catch (error) {
        // Runs that need it fail one by one, with a reason.
        this.context.log("error", "code refused", { from: this.context.sender, reason: (error as Error).message });
      }
    }
    return templates.map(templateFromMessage);
  }

  #clientBox(session: Session, client: NodeAddress): void {
    if (this.#clients.has(session)) return;
    const box = new Outbox(this.context.system.refAt<ClientApi>(client, ACTOR_NAMES.client));
    this.#clients.set(session, box);
    this.context.watch(box.ref);
  }

  /** Nobody is left to take the results of its direct tasks. */
  #clientGone(node: string): void {
    for (const [session, box] of this.#clients) {
      if (nodeOf(box.ref.address.node ?? "") !== node) continue;
      box.close();
      this.#clients.delete(session);
      for (const run of this.#direct.removeAll(session)) this.#own.fleet.abort(run);
    }
  }
}

/** All that a host is made of, once it has started. */
interface HostParts {
  readonly folder: BlobFolder;
  readonly codes: CodeStore;
  readonly results: ResultBatches;
  readonly fleet: EngineFleet;
  readonly link: SchedulerLink;
}

function nodeOf(address: string): string {
  return address.slice(address.indexOf(".") + 1);
}

function templateAt(templates: readonly TaskTemplate[], index: number): TaskTemplate {
  const template = templates[index];
  if (template === undefined) throw new RangeError(`Cannot run template ${index}: the batch has ${templates.length}`);
  return template;
}
