/**
 * A host put together: the lock and files of the cluster, its controller if it runs one, and the actor with the engines.
 *
 * Wiring, and the order in which things start and end: controller first, then engines; engines end first. Run in the
 * foreground by the command line, and by `host_main.ts` as a process of its own.
 * @module
 */
import { hostname } from "node:os";
import type { ActorSystem } from "../actors/actor_system.ts";
import type { Ref } from "../actors/ref.ts";
import type { Bus } from "../bus/bus.ts";
import { type EngineCommandOptions, engineMainModule, findSetpriv } from "../host/engine_command.ts";
import { HostActor, type HostActorOptions } from "../host/host_actor.ts";
import { heapLimitMb } from "../host/memory_limit.ts";
import type { EngineId, HostId } from "../protocol/ids.ts";
import { ACTOR_NAMES } from "../protocol/roles.ts";
import { broadcastSubject, pureSubject } from "../protocol/subjects.ts";
import type { Log } from "../wire/log.ts";
import { newSession } from "../wire/task_ids.ts";
import { ownBlobPlace, sweepBlobFolders } from "./blob_places.ts";
import { HEARTBEAT_MS } from "./cluster_options.ts";
import { takeClusterLock } from "./cluster_lock.ts";
import { connectNode } from "./connect_node.ts";
import { removeConnectionFiles, writeConnectionFiles } from "./connection_file.ts";
import type { HostConfig } from "./control_line.ts";
import { ControllerChild } from "./controller_child.ts";
import { EngineGate } from "./engine_gate.ts";
import { type ProfilePaths, profilePaths, troupeHome } from "./profile.ts";
import { LastLifeFile } from "./last_life.ts";
import { bundleInitializer } from "./initializer_bundle.ts";
import { localServers } from "./server_addresses.ts";

/** What a host needs besides its configuration. */
export interface HostServiceOptions {
  readonly log: Log;
  /** Told whenever one more engine is ready. */
  readonly onProgress?: (ready: number, wanted: number) => void;
  /** Ends the start while the controller comes up; later it does nothing. */
  readonly signal?: AbortSignal;
}

/** From the abort of a running task to the end of its process. */
const ABORT_GRACE_MS = 2_000;

/** A running host. */
export class HostService implements AsyncDisposable {
  readonly #config: HostConfig;
  readonly #stack: AsyncDisposableStack;
  readonly #system: ActorSystem;
  readonly #actor: Ref<HostActor>;
  readonly #gate: EngineGate;
  readonly #servers: readonly string[];
  readonly #drain: Drain;
  #stopping: Promise<void> | null = null;

  private constructor(config: HostConfig, stack: AsyncDisposableStack, parts: HostServiceParts) {
    this.#config = config;
    this.#stack = stack;
    this.#system = parts.system;
    this.#actor = parts.actor;
    this.#gate = parts.gate;
    this.#servers = parts.servers;
    this.#drain = parts.drain;
  }

  /**
   * Starts what the configuration says; resolves when the host has joined its cluster, engines still coming up.
   *
   * @throws `AlreadyRunning`, `ConnectionError`, `AuthorizationError`, `VersionMismatch`; an error naming a port in use
   */
  static async start(config: HostConfig, options: HostServiceOptions): Promise<HostService> {
    await using stack = new AsyncDisposableStack();
    const paths = profilePaths(config.cluster);
    const initializer = config.initializer === undefined ? null : await bundleInitializer(config.initializer);
    const node = newSession();
    const listening = await startController(config, paths, node as string as HostId, stack, options);
    const servers = localServers(listening);
    const { system, bus } = stack.use(
      await connectNode({
        cluster: config.cluster,
        role: "host",
        node,
        servers,
        credential: config.credential,
        heartbeatMs: HEARTBEAT_MS,
        log: options.log,
      }),
    );
    // Nobody waits for this: it may be gigabytes.
    void sweepBlobFolders();
    const gate = new EngineGate(config.engines, options.onProgress);
    const drain = { ms: config.drainMs };
    const actor = await system.spawn(HostActor, {
      name: ACTOR_NAMES.host,
      unique: false,
      args: [hostActorOptions(config, gate, drain, bus, initializer)],
    });
    actor.watch((event) => event.kind === "ended" && gate.hostEnded(event.reason));
    void bus.closed.then((cause) => cause !== undefined && gate.refused(cause));
    if (config.controller !== null && config.standby !== true) {
      const { cluster, credentials } = config;
      stack.defer(() => removeConnectionFiles(paths));
      await writeConnectionFiles(paths, { cluster, servers: listening, credentials });
    }
    return new HostService(config, stack.move(), { system, actor, gate, servers, drain });
  }

  /** Where the cluster's processes connect. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  /** Resolves when all engines that were asked for are ready. Rejects when one can't be had, with the reason. */
  get ready(): Promise<void> {
    return this.#gate.ready;
  }

  /** Resolves with the reason when the host can't go on. */
  get failed(): Promise<Error> {
    return this.#gate.failed;
  }

  /** Resolves when a client has ended the cluster. */
  get shutDown(): Promise<"stop"> {
    return this.#gate.shutDown;
  }

  /** Adds engines; resolves with their ids when they are ready. */
  async startEngines(count: number): Promise<readonly EngineId[]> {
    const ids = await this.#actor.call.startEngines(count, { timeout: Infinity });
    await this.#gate.allReady(ids);
    return ids;
  }

  /** Ends engines for good; resolves when they are gone. */
  async stopEngines(ids: readonly EngineId[]): Promise<void> {
    await this.#actor.call.stopEngines(ids, this.#config.drainMs, { timeout: Infinity });
  }

  /** Ends engines and starts them again under their ids; resolves when they are ready. */
  async restartEngines(ids: readonly EngineId[]): Promise<void> {
    this.#gate.expectAgain(ids);
    await this.#actor.call.restartEngines(ids, this.#config.drainMs, { timeout: Infinity });
    await this.#gate.allReady(ids);
  }

  async signalEngines(signal: string, ids: readonly EngineId[]): Promise<void> {
    await this.#actor.call.signalEngines(signal, ids, { timeout: Infinity });
  }

  /** Ends engines (running tasks may finish within the drain time), the controller, and the files. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** From now on engines are not given time to finish: whoever wanted their results is gone. */
  hurry(): void {
    this.#drain.ms = 0;
  }

  async #stop(): Promise<void> {
    this.#gate.stopping();
    await this.#system.stop(this.#actor);
    await this.#stack.disposeAsync();
  }
}

interface HostServiceParts {
  readonly system: ActorSystem;
  readonly actor: Ref<HostActor>;
  readonly gate: EngineGate;
  readonly servers: readonly string[];
  readonly drain: Drain;
}

/** How long running tasks may go on in the end; may become shorter while the host runs. */
interface Drain {
  ms: number;
}

/** Takes the cluster's name on this machine, and starts its controller, if it is to; where the servers listen. */
async function startController(
  config: HostConfig,
  paths: ProfilePaths,
  ownHost: HostId,
  stack: AsyncDisposableStack,
  { log, signal }: HostServiceOptions,
): Promise<readonly string[]> {
  if (config.controller === null) return config.servers;
  const standby = config.standby === true;
  if (!standby) stack.use(await takeClusterLock(paths.lock, config.cluster));
  // What was left is that of the controller that leads here, and is in the store of those that stand by.
  const lastLife = standby ? null : stack.use(await LastLifeFile.open(paths.lastLife, ownHost, log));
  const controller = stack.use(await ControllerChild.start(config.controller, lastLife, log, signal, standby));
  return controller.servers;
}

function hostActorOptions(
  config: HostConfig,
  gate: EngineGate,
  drain: Drain,
  bus: Bus,
  initializer: string | null,
): HostActorOptions {
  const command: EngineCommandOptions = {
    permissions: config.permissions,
    secretFolders: [troupeHome()],
    configFile: config.importConfig,
    memoryMb: config.engineMemoryBytes === undefined ? null : heapLimitMb(config.engineMemoryBytes),
    extraFlags: [],
    mainModule: engineMainModule(),
    setprivPath: findSetpriv(),
  };
  return {
    engines: config.engines,
    slots: config.slots,
    hostname: hostname(),
    pid: Deno.pid,
    command,
    heartbeatMs: HEARTBEAT_MS,
    graceMs: ABORT_GRACE_MS,
    drainMs: () => drain.ms,
    blobLimitBytes: null,
    blobPlace: ownBlobPlace(),
    pure: { bus, subject: pureSubject(config.cluster) },
    taskAccess: { bus, cluster: config.cluster },
    ...(initializer !== null && { initializer }),
    ...(config.engineMemoryBytes !== undefined && { memoryBytes: config.engineMemoryBytes }),
    broadcast: { bus, subject: broadcastSubject(config.cluster) },
    onShutdown: () => gate.shutdown(),
    search: config.joinLimitMs === undefined ? null : { cluster: config.cluster, limitMs: config.joinLimitMs },
    onRefused: (error) => gate.refused(error),
    onEngineReady: (engine) => gate.engineReady(engine.id),
    onEngineGone: (id, reason) => gate.engineGone(id, reason),
    onEngineFailed: (id, reason, givenUp) => gate.engineFailed(id, reason, givenUp),
  };
}
