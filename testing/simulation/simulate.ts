/**
 * Runs a user's graph of tasks on a simulated cluster: the real scheduler, simulated engines, network and time, and faults
 * by a seed. No process is started, and minutes pass in milliseconds.
 *
 * The face of the simulation for users; exported by the test kit.
 * @module
 */
import { GRAPH_CLIENT, graphPlan } from "./graph_plan.ts";
import type { PlannedAction, SimulationPlan } from "./plan.ts";
import { type RunFailure, runPlan, type RunResult } from "./run_plan.ts";
import { checkSimulation, type SimulatedTask, type SimulationOptions } from "./simulation_options.ts";
import { namesOf, RunReport, type SimulationReport } from "./simulation_report.ts";
import { printStory } from "./story.ts";
import { thinPlan } from "./thin_plan.ts";

/** Which seeds to run, and what to look at in each. */
export interface SeedsOptions {
  /** How many. Default: 100. */
  readonly seeds?: number;
  /** The first of them. Default: 1. */
  readonly from?: number;
  /** Looks at one run, and throws where it is not as it should be. */
  readonly check?: (report: SimulationReport) => void;
}

/** How often each task of a graph came to which end. */
export interface SeedsReport {
  /** How many were run. */
  readonly seeds: number;
  /** By task, then by `done` or the name of the error: in how many of the runs. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** A run that was not as it should be: thrown with a short story of it, in which only the faults are left that matter. */
export class SimulationFailure extends Error {
  /** Always `"SimulationFailure"`. */
  override readonly name = "SimulationFailure";
  /** Run `simulate` with it to see the whole run again. */
  readonly seed: number;
  /** What the check threw, or what of the scheduler's own promises was broken. */
  readonly reason: string;
  /** What happened in the shortest run that fails in the same way. */
  readonly story: string;

  /** `story`: a line for each thing that happened. */
  constructor(seed: number, reason: string, story: string, options?: ErrorOptions) {
    super(`Seed ${seed} fails: ${reason}\nThe shortest run that does:\n${story}\n`, options);
    this.seed = seed;
    this.reason = reason;
    this.story = story;
  }
}

/**
 * Runs a graph once. Every task has an outcome at the end: when the faults are over, a host with two engines joins, and
 * what hangs is ended. Throws `SimulationFailure` where the scheduler breaks one of its own promises on the way, and
 * `TypeError` or `RangeError` for options that are not right.
 *
 * @example The clean-up runs when the work fails
 * ```ts
 * import assert from "node:assert/strict";
 * import { simulate } from "./simulate.ts";
 *
 * const run = simulate({
 *   tasks: [
 *     { name: "load", runMs: 40 },
 *     { name: "train", runMs: [100, 400], retries: 1, fails: 1 },
 *     { name: "clean-up", submittedAt: 5 },
 *   ],
 *   engines: 2,
 *   faults: { lostMessages: 0.1 },
 * });
 * assert.equal(run.task("load").outcome, "done");
 * assert.deepEqual([run.task("train").error, run.task("train").attempts], ["RemoteError", 2]);
 * console.log(run.story("train"));
 * ```
 */
export function simulate(options: SimulationOptions): SimulationReport {
  checkSimulation(options);
  const { seed = 1 } = options;
  const plan = graphPlan(options, seed, spanOf(options, seed));
  const run = runPlan(plan, true);
  if (run.failure !== null) throw failureOf(options.tasks, plan, run.failure, (other) => other.failure !== null);
  return new RunReport(seed, options.tasks, run);
}

/**
 * Runs a graph with many seeds and looks at each run. The first that is not as it should be is thrown as
 * `SimulationFailure`, with the shortest run that fails.
 *
 * @example Whatever dies, the work is done
 * ```ts
 * import assert from "node:assert/strict";
 * import { simulateSeeds } from "./simulate.ts";
 *
 * const { outcomes } = simulateSeeds({
 *   tasks: [{ name: "work", runMs: 50, retries: 8 }, { name: "other", runMs: 50 }],
 *   hosts: 2,
 *   faults: { engineDeaths: 0.1, brokenLinks: 1 },
 * }, {
 *   seeds: 50,
 *   check: (run) => assert.equal(run.task("work").outcome, "done"),
 * });
 * console.log(outcomes.get("other")); // how often it was done, and how often it failed
 * ```
 */
export function simulateSeeds(options: SimulationOptions, looks: SeedsOptions = {}): SeedsReport {
  checkSimulation(options);
  const { seeds = 100, from = 1, check } = looks;
  const outcomes = new Map<string, Map<string, number>>();
  for (let seed = from; seed < from + seeds; seed++) {
    const plan = graphPlan(options, seed, spanOf(options, seed));
    const judge = (run: RunResult) => judgeRun(options.tasks, seed, run, check);
    const run = runPlan(plan);
    const failure = judge(run);
    if (failure !== null) throw failureOf(options.tasks, plan, failure, (shorter) => judge(shorter) !== null);
    count(outcomes, new RunReport(seed, options.tasks, run));
  }
  return { seeds, outcomes };
}

/** How long the graph takes where nothing goes wrong, ms. */
function spanOf({ faults: _, ...options }: SimulationOptions, seed: number): number {
  const { world } = runPlan(graphPlan(options, seed, 0));
  let spanMs = 1;
  for (const client of world?.clients.values() ?? []) {
    for (const { settledAtMs } of client.tasks) spanMs = Math.max(spanMs, settledAtMs);
  }
  return spanMs;
}

/** What is wrong with a run; `null`: nothing. */
function judgeRun(
  tasks: readonly SimulatedTask[],
  seed: number,
  run: RunResult,
  check: SeedsOptions["check"],
): RunFailure | null {
  if (run.failure !== null || check === undefined) return run.failure;
  try {
    check(new RunReport(seed, tasks, run));
    return null;
  } catch (cause) {
    return { rule: "", what: cause instanceof Error ? cause.message : String(cause), tasks: [], cause };
  }
}

/** Thins the faults and tells the story of what is left; the graph itself stays whole. */
function failureOf(
  tasks: readonly SimulatedTask[],
  plan: SimulationPlan,
  failure: RunFailure,
  fails: (run: RunResult) => boolean,
): SimulationFailure {
  const shortest = thinPlan(plan, { fails: (smaller) => fails(runPlan(smaller)), keeps: isOfGraph, maxRuns: 300 });
  const { story } = runPlan(shortest, true);
  const { rule, what, cause } = failure;
  const reason = rule === "" ? what : `${what} (a promise of the scheduler is broken: ${rule})`;
  return new SimulationFailure(plan.seed, reason, printStory(story.about(null), namesOf(tasks)), { cause });
}

/** What is no fault. */
function isOfGraph(action: PlannedAction): boolean {
  return action.kind === "submit" || action.kind === "host-starts" ||
    (action.kind === "client-starts" && action.client === GRAPH_CLIENT);
}

function count(outcomes: Map<string, Map<string, number>>, { tasks }: SimulationReport): void {
  for (const { name, error } of tasks) {
    let ends = outcomes.get(name);
    if (ends === undefined) outcomes.set(name, ends = new Map());
    const end = error ?? "done";
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
}
