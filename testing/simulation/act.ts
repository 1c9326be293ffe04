/**
 * Carries out what a plan says happens to clients, hosts, engines, the network and the controller.
 *
 * Names that mean nobody (any more) are passed over: a plan that was thinned may still name them. Called by `world.ts`.
 * @module
 */
import type { Session, TaskId } from "../../protocol/ids.ts";
import type { ClientAction, ClusterAction } from "./plan.ts";
import type { SimulatedSeat } from "./simulated_seat.ts";
import type { World } from "./world.ts";

/** Makes it happen now. */
export function act(world: World, action: ClientAction | ClusterAction): void {
  if (CLIENT_ACTIONS.has(action.kind)) actAsClient(world, action as ClientAction);
  else actOnCluster(world, action as ClusterAction);
}

const CLIENT_ACTIONS: ReadonlySet<string> = new Set(
  [
    "client-starts",
    "client-leaves",
    "client-vanishes",
    "client-sleeps",
    "abort",
    "purge",
  ] satisfies ClientAction["kind"][],
);

function actAsClient(world: World, action: ClientAction): void {
  const { client: name } = action;
  const client = world.clients.get(name as Session);
  switch (action.kind) {
    case "client-starts":
      return world.startClient(name as Session);
    case "client-leaves":
      world.tell(null, () => `client ${name} leaves`);
      return client?.leave();
    case "client-vanishes":
      world.tell(null, () => `client ${name} vanishes`);
      return client?.vanish();
    case "client-sleeps":
      world.tell(null, () => `client ${name} is away for ${action.forMs} ms`);
      return client?.sleep(action.forMs);
    case "abort":
      for (const id of action.ids) world.tell(id as TaskId, () => `client ${name} aborts it`);
      for (const id of action.ids) world.memory.abortsAsked.add(id as TaskId);
      return client?.abort(action.ids as readonly TaskId[]);
    case "purge":
      world.tell(null, () => `client ${name} purges ${action.ids?.join(", ") ?? "everything"}`);
      return client?.purge(action.ids as readonly TaskId[] | null);
  }
}

function actOnCluster(world: World, action: ClusterAction): void {
  switch (action.kind) {
    case "host-starts": {
      const { host, engines, slots, startMs, failedStarts } = action;
      world.hostNamed(host)?.die();
      world.tell(null, () => `host ${host} starts with ${engines} engines`);
      return world.startHost(host, engines, slots, startMs, failedStarts);
    }
    case "link-breaks":
      world.tell(null, () => `the link between ${action.node} and the controller breaks`);
      return world.linkOf(action.node)?.break();
    case "link-stalls":
      return world.stall(action.node, action.forMs);
    case "network-away":
      world.tell(null, () => `the network is away for ${action.forMs} ms`);
      return world.network.goAway(action.forMs);
    case "controller-dies":
      return world.endScheduler(action.downMs, action.leaves);
    case "core-restored":
      return world.restoreInPlace();
    case "clock-jumps":
      return world.jumpClock(action.byMs);
    default:
      return actOnHost(world, action);
  }
}

type HostAction = Extract<ClusterAction, { readonly host: string }>;

function actOnHost(world: World, action: Exclude<HostAction, { readonly kind: "host-starts" }>): void {
  const host = world.hostNamed(action.host);
  if (host === null || !host.alive) return;
  switch (action.kind) {
    case "host-dies":
      world.tell(null, () => `host ${action.host} dies`);
      return host.die();
    case "host-stops":
      world.tell(null, () => `host ${action.host} stops its engines`);
      for (const seat of host.seats) stop(seat, action.drainMs, false);
      return;
    case "engines-added":
      world.tell(null, () => `host ${action.host} starts ${action.count} engines more`);
      return host.addEngines(action.count);
    case "engine-dies":
      return host.seats[action.seat]?.kill("killed", false);
    case "engine-freezes":
      return host.seats[action.seat]?.freeze();
    case "engine-stops":
    case "engine-restarts":
      return stop(host.seats[action.seat], action.drainMs, action.kind === "engine-restarts");
  }
}

/** Engines are stopped by their ids: one that has none yet can't be. */
function stop(seat: SimulatedSeat | undefined, drainMs: number, returns: boolean): void {
  if (seat !== undefined && seat.id !== null) seat.stop(drainMs, returns);
}
