/**
 * Puts the supervision tree together: what the hub knows of its controller, and what each host says of its engines.
 *
 * A host that does not answer is shown with what the facts told of it. Asks, and decides nothing. Called by
 * `hub_actor.ts`.
 * @module
 */
import type { ChildReport } from "../actors/supervisor.ts";
import type { EngineStatus } from "../protocol/status.ts";
import type {
  EngineSupervision,
  HostSupervision,
  LastEnd,
  SupervisedKind,
  SupervisedState,
  SupervisionNode,
} from "../protocol/supervision.ts";
import type { KnownHost } from "./engine_registry.ts";

/** What a controller knows of itself. */
export interface ControllerSupervision {
  /** The process that started it: a host, where that is one of this cluster on this machine. */
  readonly parentPid: number;
  readonly hostname: string;
  /** Whether the broker is a part of it. */
  readonly hasBroker: boolean;
  /** ms since this life began. */
  readonly uptimeMs: () => number;
  /** Lives before this one under the same host, and how the last of them ended. */
  readonly restarts: number;
  readonly lastEnd: { readonly reason: string; readonly atEpochMs: number } | null;
}

/** What a tree is made from. */
export interface TreeSources {
  readonly cluster: string;
  readonly pid: number;
  /** ms since the hub began. */
  readonly hubAgeMs: number;
  readonly wallTime: number;
  /** `null`: nobody told. */
  readonly controller: ControllerSupervision | null;
  readonly hosts: readonly KnownHost[];
  readonly engines: readonly EngineStatus[];
  /** The actors of the controller; rejects where they are under no supervisor. */
  actors(): Promise<readonly ChildReport[]>;
  /** Asks a host; rejects where it does not answer. */
  ask(host: KnownHost): Promise<HostSupervision>;
}

/** The tree, from the cluster down. */
export async function supervisionTree(sources: TreeSources): Promise<SupervisionNode> {
  const { cluster, hosts, controller, pid } = sources;
  const [controllerNode, ...answers] = await Promise.all([
    controllerTree(sources),
    ...hosts.map((host) => host.alive ? sources.ask(host).catch(() => null) : null),
  ]);
  const parent = controller === null
    ? undefined
    : hosts.find((host) => host.alive && host.pid === controller.parentPid && host.hostname === controller.hostname);
  const trees = hosts.map((host, index) => {
    const answer = answers[index] ?? null;
    return hostTree(sources, host, answer, host === parent ? [controllerNode] : []);
  });
  const children = parent === undefined ? [controllerNode, ...trees] : trees;
  return { ...node("cluster", cluster, "up"), pid, uptimeMs: controllerNode.uptimeMs, children };
}

async function controllerTree({ pid, controller, hubAgeMs, wallTime, ...rest }: TreeSources): Promise<SupervisionNode> {
  const actors = await rest.actors().catch(() => []);
  const uptimeMs = Math.round(controller?.uptimeMs() ?? hubAgeMs);
  const hub = actors.find(({ id }) => id === "hub");
  // The ends of actors have no time; that of the hub is when this one began.
  const hubEnd = hub?.lastReason ? { reason: hub.lastReason, agoMs: Math.round(hubAgeMs) } : null;
  const part = (kind: SupervisedKind) => ({ ...node(kind, kind, "up"), pid, uptimeMs });
  const before = controller?.lastEnd ?? null;
  return {
    ...part("controller"),
    restarts: controller?.restarts ?? 0,
    lastEnd: before === null ? null : endedAt(before.reason, before.atEpochMs, wallTime),
    children: [
      ...(controller?.hasBroker === true ? [part("broker")] : []),
      { ...part("hub"), uptimeMs: Math.round(hubAgeMs), restarts: hub?.restarts ?? 0, lastEnd: hubEnd },
      part("scheduler"),
    ],
  };
}

function hostTree(
  { engines, wallTime }: TreeSources,
  host: KnownHost,
  answer: HostSupervision | null,
  parts: readonly SupervisionNode[],
): SupervisionNode {
  const state = !host.alive ? "down" : answer === null ? "unreachable" : "up";
  const known = engines.filter((engine) => engine.host === host.id);
  const lost = host.lost === null ? null : endedAt(host.lost.reason, host.lost.at, wallTime);
  return {
    ...node("host", host.hostname, state),
    pid: host.alive ? host.pid : null,
    uptimeMs: answer === null ? null : Math.round(answer.uptimeMs),
    lastEnd: lost,
    children: [...parts, ...(answer === null ? known.map(engineFromFacts) : answer.engines.map(engineFromHost))],
  };
}

function engineFromHost({ id, state, ...rest }: EngineSupervision): SupervisionNode {
  return { ...node("engine", id === null ? "(no id yet)" : String(id), state === "stopped" ? "down" : state), ...rest };
}

/** Of a host that does not answer, or is gone. */
function engineFromFacts({ id, state, restarts }: EngineStatus): SupervisionNode {
  const shown = state === "idle" || state === "busy" ? "unreachable" : state;
  return { ...node("engine", String(id), shown), restarts };
}

function node(kind: SupervisedKind, name: string, state: SupervisedState): SupervisionNode {
  return { kind, name, state, pid: null, uptimeMs: null, restarts: 0, lastEnd: null, children: [] };
}

function endedAt(reason: string, at: number, now: number): LastEnd {
  return { reason, agoMs: Math.max(0, Math.round(now - at)) };
}
