/**
 * A controller put together: broker if embedded, connection, scheduler and hub, in one supervision tree.
 *
 * Wiring only. Run by `controller_main.ts` in a process of its own, and by tests in theirs.
 * @module
 */
import { hostname } from "node:os";
import { ActorSystem } from "../actors/actor_system.ts";
import { childSpec } from "../actors/child_spec.ts";
import type { Ref } from "../actors/ref.ts";
import { Supervisor } from "../actors/supervisor.ts";
import type { Bus } from "../bus/bus.ts";
import type { Broker } from "../broker/broker.ts";
import { CONTROLLER_ACTOR, HubActor } from "../hub/hub_actor.ts";
import type { Fact } from "../protocol/facts.ts";
import type { Epoch } from "../protocol/ids.ts";
import { ACTOR_NAMES } from "../protocol/roles.ts";
import { inboxPrefix, PURE_SCHEME, subjectPermissions } from "../protocol/subjects.ts";
import { createScheduler } from "../scheduler/core/scheduler.ts";
import { DEFAULT_OPTIONS, type SchedulerCore, type SchemeName } from "../scheduler/core/scheduler_core.ts";
import { SchedulerActor, type SchedulerActorOptions } from "../scheduler/scheduler_actor.ts";
import { AlreadyRunning, NameTaken } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import type { BrokerConfig, ControllerLife } from "./control_line.ts";
import { type OpenedJournal } from "../scheduler/journal/open_journal.ts";
import type { Ledger } from "../scheduler/journal/ledger.ts";
import { type Lead, takeLead } from "./lead.ts";
import { openStore } from "./open_store.ts";
import { GRACE_HEARTBEATS } from "./cluster_options.ts";
import { Roster, type RosterReport } from "./roster.ts";
import { connectServers, connectStore, joinBus, type NodeOptions } from "./connect_node.ts";
import { logSchemeFailures, schemeFor, type SchemeInUse } from "./scheme_in_use.ts";

/** Name of the controller's node: there is one at a time in a cluster. */
const CONTROLLER_NODE = "main";

/** Facts of the scheduler that wait for the hub: it is in the same turn behind, and must never lose one. */
const HUB_MAILBOX = 10_000_000;

/** Who wants to know how a controller fares. */
export interface ControllerListener {
  readonly onRoster?: (roster: RosterReport) => void;
  /** Another leads, and this one waits. */
  readonly onStandby?: () => void;
  /** Ends the waiting for the lead. */
  readonly signal?: AbortSignal;
}

/** A running controller. */
export interface Controller extends AsyncDisposable {
  /** Where clients and hosts connect. */
  readonly servers: readonly string[];
  /** Resolves with the reason when it can't go on. */
  readonly failed: Promise<Error>;
}

async function startBroker(cluster: string, config: BrokerConfig, log: Log): Promise<Broker> {
  const { Broker } = await import("../broker/broker.ts");
  const users = (["client", "host", "controller"] as const).flatMap((role) => {
    const { user, password } = config.credentials[role] ?? {};
    return user === undefined || password === undefined
      ? []
      : [{ user, password, permissions: subjectPermissions(cluster, role) }];
  });
  return await Broker.start({ hostname: config.hostname, port: config.port, users, log });
}

/** Under `pure` nobody asks the core to pick. */
function coreScheme(scheme: string, custom: SchemeInUse["custom"]): SchemeName {
  if (custom !== null) return "custom";
  return scheme === PURE_SCHEME ? "leastload" : scheme as SchemeName;
}

/** What this life begins with: what its host told it, and what earlier lives wrote down. */
function lifeOf(config: ControllerLife, leadEpoch: number, ledger: Ledger | undefined): ControllerLife {
  if (ledger === undefined || ledger.epoch === 0) return { ...config, epoch: Math.max(config.epoch, leadEpoch) };
  const hosts = [...new Set([...config.before.hosts, ...ledger.hosts])];
  const nextEngineId = Math.max(config.before.nextEngineId, ledger.nextEngineId);
  const graceMs = hosts.length === 0 ? 0 : Math.max(config.graceMs, GRACE_HEARTBEATS * config.heartbeatMs);
  return {
    ...config,
    epoch: Math.max(config.epoch, leadEpoch, ledger.epoch + 1),
    graceMs,
    before: { hosts, nextEngineId },
  };
}

function makeCore(config: ControllerLife, { scheme, custom }: SchemeInUse): SchedulerCore {
  const { retention } = DEFAULT_OPTIONS;
  const options = {
    ...DEFAULT_OPTIONS,
    epoch: config.epoch as Epoch,
    scheme: coreScheme(scheme, custom),
    hwm: config.hwm,
    seed: config.epoch,
    graceMs: config.graceMs,
    knownHosts: config.before.hosts,
    firstEngineId: config.before.nextEngineId,
    retention: {
      maxRecords: config.keep.records ?? retention.maxRecords,
      maxAgeMs: config.keep.ageMs ?? retention.maxAgeMs,
      maxBytes: config.keep.bytes ?? retention.maxBytes,
    },
  };
  return createScheduler(options, custom);
}

/** Starts a controller. Throws where the port is in use, the servers can't be reached, or another controller leads. */
export async function startController(
  config: ControllerLife,
  log: Log,
  told: ControllerListener = {},
): Promise<Controller> {
  const { onRoster = () => {}, onStandby = () => {}, signal } = told;
  await using stack = new AsyncDisposableStack();
  const { cluster, heartbeatMs, servers, credential } = config;
  const scheme = await schemeFor(config, log);
  const onServers = config.store?.kind === "jetstream" ? stack.use(await connectStore(config, log)) : null;
  const connection = onServers?.connection ?? null;
  const leadership = connection === null ? null : stack.use(await takeLead(connection, config, onStandby, signal));
  const store = config.store === undefined ? null : stack.use(await openStore(config, config.store, connection, log));
  const node: NodeOptions = {
    cluster,
    role: "controller",
    node: CONTROLLER_NODE,
    servers,
    credential,
    heartbeatMs,
    // Whoever leads has the names by right, also while a stopped process still listens for them.
    ...(leadership !== null && { rank: leadership.epoch }),
    log,
  };
  const broker = config.broker === null ? null : stack.use(await startBroker(cluster, config.broker, log));
  const prefix = inboxPrefix(cluster, "controller", CONTROLLER_NODE);
  const bus = stack.use(broker?.connectLocal({ inboxPrefix: prefix }) ?? await connectServers(node));
  const system = stack.use(await joinBus(bus, node));
  const actors = await spawnActors(
    system,
    config,
    { journal: store?.journal, leadership, inUse: scheme },
    log,
    onRoster,
  ).catch((error) => {
    throw error instanceof NameTaken ? anotherLeads(config, error) : error;
  });
  const kept = stack.move();
  return {
    servers: broker === null ? servers : [broker.url],
    failed: Promise.race([
      endOf(actors),
      lossOf(bus),
      ...(store === null ? [] : [store.lost]),
      ...(leadership === null ? [] : [leadership.lost]),
    ]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface ControllerParts {
  readonly journal: OpenedJournal | undefined;
  readonly leadership: Lead | null;
  readonly inUse: SchemeInUse;
}

/**
 * The tree: one supervisor over the hub and the scheduler. A hub that fails is started again, without its records; a
 * scheduler that fails ends the controller, and its host starts another.
 */
async function spawnActors(
  system: ActorSystem,
  config: ControllerLife,
  { journal, leadership, inUse }: ControllerParts,
  log: Log,
  onRoster: (roster: RosterReport) => void,
): Promise<Ref<object>[]> {
  const life = lifeOf(config, leadership?.epoch ?? 0, journal?.ledger);
  const { cluster, epoch, hwm, heartbeatMs } = life;
  const { scheme, schemeProblem, custom } = inUse;
  const hub = system.ref<HubActor>(ACTOR_NAMES.hub);
  const roster = new Roster(life.before);
  const scheduler: SchedulerActorOptions = {
    core: makeCore(life, inUse),
    epoch: epoch as Epoch,
    heartbeatMs,
    graceMs: life.graceMs,
    scheme,
    ...(journal !== undefined && { journal }),
    ...(leadership !== null && { leadership }),
    onFacts: (facts: readonly Fact[]) => {
      hub.cast.facts(facts);
      if (custom !== null) logSchemeFailures(facts, scheme, log);
      if (roster.apply(facts)) onRoster(roster.report());
    },
  };
  const controller = {
    parentPid: Deno.ppid,
    hostname: hostname(),
    hasBroker: config.broker !== null,
    uptimeMs: () => performance.now(),
    restarts: config.restarts ?? 0,
    lastEnd: config.lastEnd ?? null,
  };
  const hubOptions = { cluster, epoch, pid: Deno.pid, scheme, schemeProblem, hwm, controller };
  const root = await system.spawn(Supervisor, {
    name: CONTROLLER_ACTOR,
    args: [{
      children: [
        childSpec("hub", "permanent", HubActor, { name: ACTOR_NAMES.hub, mailbox: HUB_MAILBOX, args: [hubOptions] }),
        childSpec("scheduler", "temporary", SchedulerActor, { name: ACTOR_NAMES.scheduler, args: [scheduler] }),
      ],
    }],
  });
  return [root, system.ref<SchedulerActor>(ACTOR_NAMES.scheduler)];
}

function anotherLeads({ cluster, servers }: ControllerLife, cause: NameTaken): AlreadyRunning {
  return new AlreadyRunning(
    `Cannot start the cluster "${cluster}": a controller of this name runs on ${
      servers.join(", ")
    } already, maybe from ` +
      `another machine; bring engines to it with "engines", or choose another --name.`,
    { cause },
  );
}

/** Resolves with the reason when the connection is closed for good by the other side: refused credentials, say. */
async function lossOf(bus: Bus): Promise<Error> {
  return await bus.closed ?? await new Promise<never>(() => {});
}

/** Resolves with the reason when one of these actors ends. */
function endOf(refs: readonly Ref<object>[]): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  for (const ref of refs) {
    ref.watch((event) => {
      if (event.kind === "ended") resolve(new Error(`The actor "${ref}" of the controller ended: ${event.reason}`));
    });
  }
  return promise;
}
