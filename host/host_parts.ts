/**
 * What a host is made of, put together: blob folder, code, engines, results, and its standing with the controller.
 *
 * Wiring only. Called by the host's actor when it starts.
 * @module
 */
import type { ActorContext } from "../actors/actor.ts";
import type { EngineId, HostId, Session } from "../protocol/ids.ts";
import type { HostHello, SettledMessage } from "../protocol/messages.ts";
import type { NodeAddress } from "../actors/link_port.ts";
import { payloadFromMessage } from "../wire/messages.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import type { Ref } from "../actors/ref.ts";
import { ACTOR_NAMES, type ClientApi, type HostApi } from "../protocol/roles.ts";
import { BroadcastIntake, type BroadcastSource } from "./broadcast_intake.ts";
import { BlobFetcher } from "./blob_fetcher.ts";
import { BlobFolder, type BlobPlace } from "./blob_folder.ts";
import type { ClientAccess } from "./bus_bridge.ts";
import { ReceivedCodes } from "./received_codes.ts";
import { engineCommand, type EngineCommandOptions } from "./engine_command.ts";
import { EngineFleet } from "./engine_fleet.ts";
import { EngineNaming } from "./engine_naming.ts";
import type { EngineRun } from "./engine_run.ts";
import { LostInputs } from "./lost_inputs.ts";
import { watchOrphans } from "./orphan_reaper.ts";
import type { ReadyEngine, SeatEvents } from "./engine_seat.ts";
import { PureIntake, type PureSource } from "./pure_intake.ts";
import { PureNews } from "./pure_news.ts";
import { ResultBatches } from "./result_batches.ts";
import { type ControllerSearch, SchedulerLink } from "./scheduler_link.ts";

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
  /** Where the blob folder is made; default: the system's temporary folder. */
  readonly blobPlace?: BlobPlace;
  /** Told of each engine that is ready, for who waits for the start. */
  readonly onEngineReady?: (engine: ReadyEngine) => void;
  /** Where tasks of the scheme `pure` come from; without it, this host takes none. */
  readonly pure?: PureSource;
  /** The connection that tasks submit tasks through; without it, they can't. */
  readonly taskAccess?: Omit<ClientAccess, "host">;
  /** The module that each engine runs before tasks come, as one text. */
  readonly initializer?: string;
  /** Bytes that an engine may take of memory, all in all; absent: no limit. */
  readonly memoryBytes?: number;
  /** Where direct tasks for several hosts come from; without it, they come over the link alone. */
  readonly broadcast?: BroadcastSource;
  /** Told when a client has ended all engines, and wants this host to end too. */
  readonly onShutdown?: () => void;
  /** How long to look for a first controller; `null`: for ever. */
  readonly search: ControllerSearch | null;
  /** Told why no controller takes this host, before its actor ends for it. */
  readonly onRefused?: (error: Error) => void;
  /** Told of each engine that will not come back, with the reason. */
  readonly onEngineGone?: (id: EngineId, reason: string) => void;
  /** Told of each engine that ended before it was ready. */
  readonly onEngineFailed?: (id: EngineId | null, reason: string, givenUp: boolean) => void;
}

/** All that a host is made of, once it has started. */
export interface HostParts {
  readonly folder: BlobFolder;
  readonly codes: ReceivedCodes;
  readonly results: ResultBatches;
  readonly fleet: EngineFleet;
  readonly naming: EngineNaming;
  readonly link: SchedulerLink;
  /** `null` where this host has no access to the queue group. */
  readonly intake: PureIntake | null;
  readonly news: PureNews;
  /** `null` where this host hears no broadcasts. */
  readonly broadcasts: BroadcastIntake | null;
}

/** What the parts ask of the actor. */
export interface HostPartsEvents {
  /** The introduction to a controller, as of now. */
  hello(): HostHello;
  joined(ids: readonly EngineId[], scheme: string): void;
  refused(error: Error): void;
  directSettled(session: Session, results: readonly SettledMessage[]): void;
  /** Tasks arrived from the queue group, for this engine. */
  pureArrived(engine: EngineId, bytes: Uint8Array): void;
  broadcastArrived(bytes: Uint8Array): void;
  toClient(session: Session, say: (cast: Ref<ClientApi>["cast"]) => void): void;
}

/** How long another host may take to give a piece of a blob. */
const PIECE_LIMIT_MS = 30_000;
/** How long a client may take to say whether it has what is asked for, and then to bring it, at least so fast. */
const ANSWER_LIMIT_MS = 10_000;
const SLOWEST_BYTES_PER_MS = 10_000;

/** Makes the parts. Nothing starts yet. */
export function buildHostParts(
  { clock, system, log }: ActorContext,
  options: HostActorOptions,
  home: HostId,
  engineEvents: SeatEvents,
  events: HostPartsEvents,
): HostParts {
  const { blobLimitBytes, blobPlace, command, slots, heartbeatMs, graceMs, initializer, memoryBytes } = options;
  const folder = new BlobFolder({
    home,
    ...(blobLimitBytes === null ? {} : { limitBytes: blobLimitBytes }),
    ...(blobPlace === undefined ? {} : { place: blobPlace }),
  });
  const fetcher = new BlobFetcher(folder, (other, hash, offset, length) => {
    const peer = system.refAt<HostApi>(`host.${other}`, ACTOR_NAMES.host);
    return peer.call.getBlob(hash, offset, length, { timeout: PIECE_LIMIT_MS });
  });
  const lost = new LostInputs({
    fetcher,
    home,
    askClient: (run, hash, size) => {
      const client = system.refAt<ClientApi>(clientOf(run), ACTOR_NAMES.client);
      return client.call.bringAgain(hash, home, { timeout: ANSWER_LIMIT_MS + size / SLOWEST_BYTES_PER_MS });
    },
    askScheduler: async (hash) => {
      const [code = null] = await link.ref.call.codes([hash], { timeout: ANSWER_LIMIT_MS });
      return code === null ? null : payloadFromMessage(code);
    },
  });
  const codes = new ReceivedCodes({
    fetch: (ref, run) => lost.bytes(ref, run),
    again: (hash, run) => lost.code(hash, run),
  });
  const link = new SchedulerLink({
    system,
    clock,
    log,
    hello: () => events.hello(),
    joined: (ids, scheme) => events.joined(ids, scheme),
    refused: (error) => events.refused(error),
    search: options.search,
  });
  const results = new ResultBatches({
    ended: (epoch, list) => link.tell((cast) => cast.ended(epoch, list)),
    directSettled: (session, list) => events.directSettled(session, list),
  }, () => clock.now());
  const fleet = new EngineFleet({
    command: () => engineCommand({ ...command, initialized: initializer !== undefined }),
    sources: { code: (hash, run) => codes.get(hash, run), lease: (ref, run) => lost.lease(ref, run) },
    folder,
    clock,
    log,
    slots,
    heartbeatMs,
    graceMs,
    ...(options.taskAccess && { access: { ...options.taskAccess, host: home } }),
    ...(initializer !== undefined && { initializer }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    orphans: watchOrphans(command, log),
  }, engineEvents);
  const naming = new EngineNaming({
    fleet,
    log,
    canAsk: () => link.joined,
    // No limit: the answer may take the grace of a new controller, and the end of its node ends the wait.
    ask: (count) => link.ref.call.addEngines(home, count, { timeout: Infinity }),
  });
  const intake = options.pure === undefined
    ? null
    : new PureIntake(options.pure, (engine, bytes) => events.pureArrived(engine, bytes));
  const news = new PureNews({
    taken: (session, taken) => events.toClient(session, (cast) => cast.pureTaken(home, taken)),
    returned: (session, counters) => events.toClient(session, (cast) => cast.pureReturned(counters)),
  });
  const broadcasts = options.broadcast === undefined
    ? null
    : new BroadcastIntake(options.broadcast, (bytes) => events.broadcastArrived(bytes));
  return { folder, codes, results, fleet, naming, link, intake, news, broadcasts };
}

/** The node of the client that submitted it: sessions and their nodes have one name. */
function clientOf({ origin, task }: EngineRun): NodeAddress {
  return origin.kind === "scheduled" ? `client.${parseTaskId(task)?.session}` : origin.client as NodeAddress;
}
