/**
 * Makes a plan of a user's graph: its tasks as one client's batches, its engines on hosts, and its faults drawn by the
 * seed, each as an action of its own, so that a failing run can be thinned to the faults that matter.
 *
 * Pure. Called by `simulate.ts`.
 * @module
 */
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import { DEFAULT_FLAGS, type DependencySpec, type TaskFlags } from "../../protocol/task_spec.ts";
import { Chance } from "./chance.ts";
import type { ClusterAction, Mishap, MishapAction, SimulationPlan, SubmitAction } from "./plan.ts";
import { namesIn, type SimulatedDependency, type SimulatedTask, type SimulationOptions } from "./simulation_options.ts";

/** The client that submits the graph. */
export const GRAPH_CLIENT = "user";
/** Attempts of a task beyond its retries that can go wrong: an engine's end gives some back. */
const MORE_ATTEMPTS = 8;
const START_MS = 20;
/** What nobody claims of an earlier life is dropped within the run. */
const ADOPTABLE_MS = 20_000;
const ALL_DONE = { all: true, success: true, failure: false };

/** The id under which a task of the graph runs. */
export function graphTaskId(index: number): TaskId {
  return `${GRAPH_CLIENT}-${index}` as TaskId;
}

/** The plan of a seed. `spanMs`: how long the graph takes when nothing goes wrong; faults come in that time, or soon after. */
export function graphPlan(options: SimulationOptions, seed: number, spanMs: number): SimulationPlan {
  const { tasks, hwm = 1, scheme = "leastload", faults = {} } = options;
  const ids = new Map(tasks.map(({ name }, index) => [name, graphTaskId(index)]));
  const chance = new Chance(seed, "graph");
  const submits = tasks.map((task, index) => submitOf(task, index, ids, chance));
  const hosts = hostsOf(options);
  return {
    seed,
    scheduler: { hwm, scheme, seed, adoptableMs: ADOPTABLE_MS },
    network: { minMs: 0.2, maxMs: 1.2, doubled: 0, lost: faults.lostMessages ?? 0 },
    calmAtMs: 60_000 + 20 * spanMs,
    actions: [
      { kind: "client-starts", atMs: 0, client: GRAPH_CLIENT },
      ...hosts,
      ...submits,
      ...tasks.flatMap((task, index) => mishapsOf(task, index, options, new Chance(seed, `mishaps of ${task.name}`))),
      ...faultsOf(options, hosts.map(({ host }) => host), new Chance(seed, "faults"), spanMs),
    ],
  };
}

function submitOf(
  task: SimulatedTask,
  index: number,
  ids: ReadonlyMap<string, TaskId>,
  chance: Chance,
): SubmitAction {
  const { runMs = 10, fails = 0, submittedAt = 0 } = task;
  return {
    kind: "submit",
    atMs: submittedAt,
    client: GRAPH_CLIENT,
    counter: index,
    flags: flagsOf(task, ids),
    runMs: typeof runMs === "number" ? runMs : runMs[0] + chance.next() * (runMs[1] - runMs[0]),
    stopsInMs: null,
    endsPart: false,
    alwaysThrows: fails === 1,
  };
}

function flagsOf(task: SimulatedTask, ids: ReadonlyMap<string, TaskId>): TaskFlags {
  const { retries = 0, priority = 0, targets, timeout = 0, maxRuntime = 0, backoff, after, follow, name } = task;
  return {
    ...DEFAULT_FLAGS,
    label: name,
    retries,
    priority,
    timeoutMs: timeout,
    maxRuntimeMs: maxRuntime,
    targets: targets === undefined ? null : targets as readonly EngineId[],
    backoff: backoff === undefined ? null : {
      initialMs: backoff.initial,
      factor: backoff.factor ?? 2,
      maxMs: backoff.max ?? 60_000,
      jitter: backoff.jitter ?? 0,
    },
    after: dependencyOf(after, ids),
    follow: dependencyOf(follow, ids),
  };
}

function dependencyOf(
  dependency: SimulatedDependency | undefined,
  ids: ReadonlyMap<string, TaskId>,
): DependencySpec | null {
  if (dependency === undefined) return null;
  const switches = typeof dependency === "object" && "tasks" in dependency ? dependency : null;
  const { all = true, success = true, failure = false } = switches ?? ALL_DONE;
  return { ids: namesIn(dependency).flatMap((name) => ids.get(name) ?? []), all, success, failure };
}

function hostsOf({ engines = 4, hosts = 1, slots = 1 }: SimulationOptions) {
  return Array.from({ length: hosts }, (_, index) => ({
    kind: "host-starts" as const,
    atMs: 0,
    host: `host${index}`,
    engines: Math.floor(engines / hosts) + (index < engines % hosts ? 1 : 0),
    slots,
    startMs: START_MS,
    failedStarts: 0,
  }));
}

function mishapsOf(task: SimulatedTask, index: number, { faults = {} }: SimulationOptions, chance: Chance) {
  const { fails = 0, declines = 0, retries = 0 } = task;
  const chances: readonly (readonly [Mishap, number])[] = [
    ["engine-dies", faults.engineDeaths ?? 0],
    ["never-ends", faults.hangs ?? 0],
    ["throws", fails === 1 ? 0 : fails],
    ["declines", declines],
  ];
  const mishaps: MishapAction[] = [];
  for (let execution = 1; execution <= retries + 1 + MORE_ATTEMPTS; execution++) {
    const [what] = chances.find(([, probability]) => chance.happens(probability)) ?? [];
    if (what !== undefined) mishaps.push({ kind: "mishap", atMs: 0, task: graphTaskId(index), execution, what });
  }
  return mishaps;
}

function faultsOf({ faults = {} }: SimulationOptions, hosts: readonly string[], chance: Chance, spanMs: number) {
  const { hostDeaths = 0, brokenLinks = 0, outages = 0, controllerDeaths = 0 } = faults;
  const actions: ClusterAction[] = [];
  const add = (count: number, make: (atMs: number) => ClusterAction) => {
    for (let i = 0; i < count; i++) actions.push(make(Math.round(chance.next() * spanMs * 1.5)));
  };
  add(hostDeaths, (atMs) => ({ kind: "host-dies", atMs, host: chance.pick(hosts) }));
  add(brokenLinks, (atMs) => ({ kind: "link-breaks", atMs, node: chance.pick(hosts) }));
  add(outages, (atMs) => ({ kind: "network-away", atMs, forMs: chance.between(200, 6_000) }));
  add(controllerDeaths, (atMs) => (
    { kind: "controller-dies", atMs, downMs: chance.between(50, 1_000), leaves: "nothing" }
  ));
  return actions;
}
