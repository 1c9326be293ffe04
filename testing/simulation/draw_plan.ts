/**
 * Draws a plan by a seed: a cluster, a load that uses everything a task can ask for, and faults of every kind.
 *
 * The one place that knows how likely things are. Used for the long runs of `tools/simulate.ts` and by tests.
 * @module
 */
import type { SchedulerOptions, SchemeName } from "../../scheduler/core/scheduler_core.ts";
import { Chance } from "./chance.ts";
import { drawTasks } from "./draw_tasks.ts";
import type { ClientAction, ClusterAction, MishapAction, PlannedAction, SimulationPlan, SubmitAction } from "./plan.ts";

/** What may be drawn. */
export interface DrawOptions {
  /** Whether tasks depend on each other. */
  readonly dependencies: boolean;
}

/** Every scheme, the default more often. */
const SCHEMES: readonly SchemeName[] = ["leastload", "leastload", "lru", "plainrandom", "twobin", "weighted"];
/** Every kind of mark, the default more often. */
const MARKS: readonly SchedulerOptions["hwm"][] = [1, 1, 0, 2, 5, "auto", "auto"];
const CLIENTS: readonly string[] = ["ann", "bob", "cleo"];

/** The same seed and options give the same plan. */
export function drawPlan(seed: number, options: DrawOptions): SimulationPlan {
  const chance = new Chance(seed, "plan");
  const clients = CLIENTS.slice(0, chance.between(1, CLIENTS.length));
  const spanMs = chance.between(500, 8_000);
  const hosts = drawHosts(chance, spanMs);
  const tasks = drawTasks(new Chance(seed, "tasks"), clients, spanMs, options);
  const wildness = chance.pick([0, 0.3, 1, 1]);
  const faults = new Chance(seed, "faults");
  const clusterFaults = drawClusterFaults(new Chance(seed, "cluster"), hosts, clients, spanMs, wildness);
  return {
    seed,
    scheduler: drawScheduler(chance),
    network: drawNetwork(chance, wildness),
    actions: [
      ...clients.map((client): ClientAction => ({ kind: "client-starts", atMs: 0, client })),
      ...hosts,
      ...tasks,
      ...drawMishaps(faults, tasks, wildness),
      ...drawClientActions(faults, clients, tasks, spanMs, wildness),
      ...clusterFaults,
      ...drawRestarts(new Chance(seed, "restarts"), hosts, clusterFaults),
    ],
  };
}

function drawScheduler(chance: Chance): SimulationPlan["scheduler"] {
  const few = chance.happens(0.4);
  return {
    scheme: chance.pick(SCHEMES),
    hwm: chance.pick(MARKS),
    seed: chance.below(1_000),
    retention: {
      maxRecords: few ? chance.between(1, 12) : 10_000,
      maxAgeMs: chance.pick([500, 60_000, 3_600_000]),
      maxBytes: few ? chance.between(500, 5_000) : 1e7,
    },
    adoptableMs: chance.pick([2_000, 8_000]),
    reportGraceMs: chance.pick([300, 5_000]),
  };
}

function drawNetwork(chance: Chance, wildness: number): SimulationPlan["network"] {
  const slowest = chance.pick([1, 5, 60]);
  return { minMs: 0.2, maxMs: 0.2 + slowest, doubled: 0.05 * wildness, lost: 0.05 * wildness };
}

type HostStarts = Extract<ClusterAction, { kind: "host-starts" }>;

function drawHosts(chance: Chance, spanMs: number): HostStarts[] {
  const slots = chance.pick([1, 1, 1, 2, 3]);
  return Array.from({ length: chance.between(1, 3) }, (_, i) => ({
    kind: "host-starts",
    atMs: i === 0 || chance.happens(0.6) ? 0 : chance.below(spanMs),
    host: `h${i}`,
    engines: chance.between(1, 4),
    slots,
    startMs: chance.pick([5, 40, 300]),
    failedStarts: chance.happens(0.1) ? chance.between(1, 5) : 0,
  }));
}

/** Attempts that go wrong: the first ones of a task more often. */
function drawMishaps(chance: Chance, tasks: readonly SubmitAction[], wildness: number): MishapAction[] {
  const mishaps: MishapAction[] = [];
  const share = 0.05 + 0.25 * wildness;
  for (const { client, counter } of tasks) {
    for (let execution = 1; execution <= 4 && chance.happens(share); execution++) {
      const what = chance.pick(
        ["throws", "throws", "throws", "declines", "declines", "engine-dies", "never-ends"] as const,
      );
      mishaps.push({ kind: "mishap", atMs: 0, task: `${client}-${counter}`, execution, what });
    }
  }
  return mishaps;
}

function drawClientActions(
  chance: Chance,
  clients: readonly string[],
  tasks: readonly SubmitAction[],
  spanMs: number,
  wildness: number,
): ClientAction[] {
  const actions: ClientAction[] = [];
  const some = (share: number) => clients.filter(() => chance.happens(share * wildness));
  const when = () => chance.below(spanMs + 1_000);
  for (const client of some(0.15)) actions.push({ kind: "client-leaves", atMs: when(), client });
  for (const client of some(0.15)) actions.push({ kind: "client-vanishes", atMs: when(), client });
  for (const client of some(0.3)) {
    actions.push({ kind: "client-sleeps", atMs: when(), client, forMs: chance.between(10, 6_000) });
  }
  const ids = tasks.map(({ client, counter }) => `${client}-${counter}`);
  for (let i = chance.below(4); i > 0 && ids.length > 0; i--) {
    const chosen = Array.from({ length: chance.below(4) }, () => chance.pick(ids));
    actions.push({ kind: "abort", atMs: when(), client: chance.pick(clients), ids: chosen });
  }
  for (let i = chance.below(3); i > 0 && ids.length > 0; i--) {
    const chosen = chance.happens(0.5) ? null : Array.from({ length: 3 }, () => chance.pick(ids));
    actions.push({ kind: "purge", atMs: when(), client: chance.pick(clients), ids: chosen });
  }
  return actions;
}

function drawClusterFaults(
  chance: Chance,
  hosts: readonly HostStarts[],
  clients: readonly string[],
  spanMs: number,
  wildness: number,
): ClusterAction[] {
  const count = Math.floor(chance.between(0, 10) * wildness);
  return Array.from({ length: count }, () => drawFault(chance, hosts, clients, chance.below(spanMs + 2_000)));
}

/** Engines that are between two processes while a new life of the controller finds its hosts. */
function drawRestarts(
  chance: Chance,
  hosts: readonly HostStarts[],
  faults: readonly ClusterAction[],
): ClusterAction[] {
  return faults.flatMap((fault): ClusterAction[] => {
    if (fault.kind !== "controller-dies" || !chance.happens(0.4)) return [];
    const { host, engines } = chance.pick(hosts);
    const atMs = fault.atMs + chance.below(fault.downMs + 3_000);
    return [{ kind: "engine-dies", atMs, host, seat: chance.below(engines) }];
  });
}

function drawFault(
  chance: Chance,
  hosts: readonly HostStarts[],
  clients: readonly string[],
  atMs: number,
): ClusterAction {
  const starts = chance.pick(hosts);
  const { host } = starts;
  const seat = chance.below(starts.engines);
  const node = chance.happens(0.6) ? host : chance.pick(clients);
  const drainMs = chance.pick([0, 50, 2_000]);
  const roll = chance.below(100);
  if (roll < 22) return { kind: "engine-dies", atMs, host, seat };
  if (roll < 28) return { kind: "engine-freezes", atMs, host, seat };
  if (roll < 33) return { kind: "engine-stops", atMs, host, seat, drainMs };
  if (roll < 40) return { kind: "engine-restarts", atMs, host, seat, drainMs };
  if (roll < 43) return { kind: "engines-added", atMs, host, count: chance.between(1, 3) };
  if (roll < 48) return { kind: "host-dies", atMs, host };
  if (roll < 55) return { ...starts, atMs, host: chance.happens(0.5) ? host : `${host}b` };
  if (roll < 57) return { kind: "host-stops", atMs, host, drainMs };
  if (roll < 68) return { kind: "link-breaks", atMs, node };
  if (roll < 76) return { kind: "link-stalls", atMs, node, forMs: chance.between(10, 2_500) };
  if (roll < 79) return { kind: "network-away", atMs, forMs: chance.pick([200, 4_000, 12_000]) };
  if (roll < 90) return { kind: "controller-dies", atMs, downMs: chance.between(1, 2_000), leaves: drawLegacy(chance) };
  if (roll < 95) return { kind: "core-restored", atMs };
  return { kind: "clock-jumps", atMs, byMs: chance.pick([-1_500, -100, 500, 30_000]) };
}

function drawLegacy(chance: Chance): "nothing" | "snapshot" {
  return chance.happens(0.5) ? "nothing" : "snapshot";
}

/** Everything that goes wrong in a plan, for counting. */
export function isFault({ kind }: PlannedAction): boolean {
  return kind !== "submit" && kind !== "host-starts" && kind !== "client-starts";
}
