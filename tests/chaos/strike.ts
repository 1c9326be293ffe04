/**
 * Carries out one fault of the plan on what is there at that moment, and undoes it when its time is up.
 *
 * A process is signalled only while it is the very one that was chosen. Called by `chaos_run.ts`.
 * @module
 */
import { isAlive, type ProcessIdentity } from "../../cluster/process_identity.ts";
import { within } from "../../testing/within.ts";
import { signal } from "../processes/cli_fixture.ts";
import type { ChaosCluster } from "./chaos_cluster.ts";
import type { Member } from "./member.ts";
import type { PlannedFault } from "./plan.ts";
import type { TcpProxy } from "./tcp_proxy.ts";

/** A process that is started again and does not come up is given up after so long. */
const MEND_LIMIT_MS = 90_000;

/** A fault as it came. Times are epoch ms of this machine. */
export interface StruckFault {
  readonly number: number;
  readonly kind: string;
  /** `host-1`, `engine 4711 of host-1`, `controller of keeper-1`; `null`: there was nothing to hit. */
  readonly thing: string | null;
  /** The host whose tasks are hit; `null`: those of all. */
  readonly host: string | null;
  /** The process of the one engine that is hit. */
  readonly pid: number | null;
  readonly at: number;
  /** When it was undone. */
  readonly until: number;
}

/** What a fault was found to hit, and how it is done. */
interface Blow {
  readonly thing: string;
  readonly host: string | null;
  readonly pid?: number;
  strike(): unknown;
  mend(): unknown;
}

/** Does it, waits, undoes it. Rejects where what was killed can't be started again. */
export async function strike(cluster: ChaosCluster, fault: PlannedFault): Promise<StruckFault> {
  const blow = findBlow(cluster, fault);
  const at = Date.now();
  const basics = { number: fault.number, kind: fault.kind.name, at };
  // What is struck already is left to that: two that undo each other would tell nothing.
  if (blow === null || cluster.struck.has(blow.thing)) {
    return { ...basics, thing: null, host: null, pid: null, until: at };
  }
  cluster.struck.add(blow.thing);
  blow.strike();
  await new Promise((resolve) => setTimeout(resolve, fault.spanMs));
  const until = Date.now();
  await within(Promise.resolve(blow.mend()), `"${blow.thing}" to be back`, MEND_LIMIT_MS);
  cluster.struck.delete(blow.thing);
  return { ...basics, thing: blow.thing, host: blow.host, pid: blow.pid ?? null, until };
}

function findBlow(cluster: ChaosCluster, fault: PlannedFault): Blow | null {
  switch (fault.kind.on) {
    case "engine":
      return engineBlow(cluster, fault);
    case "host":
    case "machine":
      return hostBlow(cluster, fault);
    case "link":
      return linkBlow(cluster, fault);
    case "controller": {
      const controllers = cluster.keepers.flatMap((keeper) =>
        keeper.family.controllers.map((process) => ({ process, name: `controller of ${keeper.name}` }))
      );
      const found = chosen(controllers, fault.share);
      return found === undefined ? null : processBlow([found.process], fault, found.name, null);
    }
    case "keeper": {
      const keeper = chosen(cluster.keepers, fault.share);
      return keeper === undefined ? null : memberBlow(keeper, null);
    }
    case "server":
      return serverBlow(cluster, fault);
  }
}

function chosen<T>(from: readonly T[], share: number): T | undefined {
  return from[Math.floor(share * from.length)];
}

function hostsUp({ hosts }: ChaosCluster): readonly Member[] {
  return hosts.filter(({ identity }) => identity !== null);
}

function engineBlow(cluster: ChaosCluster, fault: PlannedFault): Blow | null {
  const engines = hostsUp(cluster).flatMap((host) => host.family.engines.map((engine) => ({ host, engine })));
  const found = chosen(engines, fault.share);
  if (found === undefined) return null;
  const { host, engine } = found;
  return { ...processBlow([engine], fault, `engine ${engine.pid} of ${host.name}`, host.name), pid: engine.pid };
}

function hostBlow(cluster: ChaosCluster, fault: PlannedFault): Blow | null {
  const host = chosen(hostsUp(cluster), fault.share);
  const identity = host?.identity;
  if (host === undefined || identity === null || identity === undefined) return null;
  if (fault.kind.action === "kill") return memberBlow(host, host.name);
  const processes = fault.kind.on === "machine" ? [identity, ...host.family.engines] : [identity];
  return processBlow(processes, fault, host.name, host.name);
}

function memberBlow(member: Member, host: string | null): Blow | null {
  if (member.identity === null) return null;
  let back = Promise.resolve();
  return {
    thing: member.name,
    host,
    strike: () => {
      back = member.kill();
    },
    mend: () => back.then(() => member.startAgain()),
  };
}

function processBlow(
  processes: readonly ProcessIdentity[],
  { kind }: PlannedFault,
  thing: string,
  host: string | null,
): Blow {
  const send = (name: Deno.Signal) => {
    for (const process of processes) if (isAlive(process)) signal(process.pid, name);
  };
  const kill = kind.action === "kill";
  return { thing, host, strike: () => send(kill ? "SIGKILL" : "SIGSTOP"), mend: () => kill || send("SIGCONT") };
}

function linkBlow(cluster: ChaosCluster, { kind, share }: PlannedFault): Blow | null {
  const found = chosen([...cluster.links], share);
  if (found === undefined) return null;
  const [name, proxy] = found;
  return {
    thing: `link of ${name}`,
    host: name.startsWith("host-") ? name : null,
    strike: () => disturb(proxy, kind.action),
    mend: () => proxy.mend(),
  };
}

function disturb(proxy: TcpProxy, action: PlannedFault["kind"]["action"]): void {
  if (action === "cut") proxy.cut();
  else if (action === "refuse") proxy.refuse();
  else if (action === "stall") proxy.stall();
  else proxy.mute(action === "mute-up" ? "up" : "down");
}

function serverBlow({ server }: ChaosCluster, { kind }: PlannedFault): Blow | null {
  if (server === null) return null;
  const basics = { thing: "nats-server", host: null };
  if (kind.action === "stop") return { ...basics, strike: () => server.pause(), mend: () => server.resume() };
  let ended = Promise.resolve();
  return { ...basics, strike: () => void (ended = server.kill()), mend: () => ended.then(() => server.restart()) };
}
