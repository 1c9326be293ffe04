/**
 * Carries a plan out from beginning to end: the faults, then a calm in which all has to come to an end, then the last
 * checks.
 *
 * The same plan gives the same run. Called by `simulate.ts`, by tests and by `tools/simulate.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { BrokenRule } from "./broken_rule.ts";
import type { SimulationPlan } from "./plan.ts";
import { RunStory } from "./story.ts";
import { World } from "./world.ts";

/** A run that went against a rule. */
export interface RunFailure {
  readonly rule: string;
  /** What was seen. */
  readonly what: string;
  /** Whom it concerns; empty: the cluster. */
  readonly tasks: readonly TaskId[];
  readonly cause: unknown;
}

/** What came of a plan. */
export interface RunResult {
  readonly world: World | null;
  readonly failure: RunFailure | null;
  readonly story: RunStory;
  /** Simulated time until everything had come to an end. */
  readonly endedAtMs: number;
}

/** In the calm everything has to end within this time. */
const CALM_LIMIT_MS = 120_000;
const CALM_STEP_MS = 250;
/** When more engines come, for tasks whose engines declined them or that wait for an engine that never was. */
const RESTART_AT_MS = 15_000;
const MORE_AT_MS = 30_000;
/** The host that comes in the calm. */
const CALM_HOST = "calm";

/** Runs it. `tells`: whether the story is kept, which takes time. */
export function runPlan(plan: SimulationPlan, tells = false): RunResult {
  const story = new RunStory(tells);
  let world: World | null = null;
  try {
    world = new World(plan, story);
    const lastAtMs = plan.actions.reduce((last, { atMs }) => Math.max(last, atMs), 0);
    world.clock.advance(lastAtMs + 1);
    // Time for the tasks to end by themselves.
    while (world.clock.now() < (plan.calmAtMs ?? 0) && !isAtRest(world)) world.clock.advance(CALM_STEP_MS);
    const endedAtMs = comeToRest(world, plan);
    checkClients(world);
    return { world, failure: null, story, endedAtMs };
  } catch (error) {
    return { world, failure: failureOf(error), story, endedAtMs: world?.clock.now() ?? 0 };
  }
}

function failureOf(error: unknown): RunFailure {
  if (error instanceof BrokenRule) {
    return { rule: error.rule, what: error.message, tasks: error.tasks, cause: error };
  }
  const what = error instanceof Error ? error.message : String(error);
  return { rule: "the core works", what, tasks: [], cause: error };
}

/** Lets everything end; when it had. */
function comeToRest(world: World, plan: SimulationPlan): number {
  world.calmDown();
  const beganMs = world.clock.now();
  world.startHost(CALM_HOST, 2, 1, 10, 0);
  let restarted = false;
  let grown = false;
  for (;;) {
    const calmMs = world.clock.now() - beganMs;
    if (isAtRest(world)) return world.clock.now();
    if (calmMs >= CALM_LIMIT_MS) complainOfRest(world);
    if (calmMs >= RESTART_AT_MS && !restarted) {
      restarted = true;
      for (const host of world.hosts) {
        for (const seat of host.alive ? host.seats : []) if (seat.id !== null) seat.stop(5_000, true);
      }
    }
    if (calmMs >= MORE_AT_MS && !grown) {
      grown = true;
      const missing = highestTarget(plan) + 1 - (world.scheduler?.state.registry.nextId ?? 0);
      if (missing > 0) world.startHost(`${CALM_HOST}-more`, missing, 1, 10, 0);
    }
    world.clock.advance(CALM_STEP_MS);
  }
}

function isAtRest(world: World): boolean {
  const { scheduler, hosts, clients } = world;
  if (scheduler === null || scheduler.state.grace !== null) return false;
  const { waiting, ready, assigned } = scheduler.core.counts();
  if (waiting + ready + assigned > 0 || scheduler.state.orphans.size > 0) return false;
  if (hosts.some(({ alive, held }) => alive && held.length > 0)) return false;
  for (const client of clients.values()) {
    if (!client.alive) continue;
    for (const { outcome } of client.tasks) if (outcome === null) return false;
  }
  return true;
}

/**
 * What a living client submitted before, or together with a task, is never unknown to it, whatever happened on the way:
 * unless it was away in the middle of a batch for longer than the rest is waited for.
 */
function checkClients({ clients, memory }: World): void {
  for (const client of clients.values()) {
    if (memory.cameTooLate.has(client.session)) continue;
    for (const { spec, outcome, submittedAtMs } of client.alive ? client.tasks : []) {
      if (outcome?.kind !== "failed" || outcome.error.name !== "InvalidDependency") continue;
      const { after, follow } = spec.template.flags;
      const inputs = spec.inputs?.filter((input) => typeof input === "string") ?? [];
      const known = [...after?.ids ?? [], ...follow?.ids ?? [], ...inputs].find((id) => {
        const named = outcome.error.message.includes(`names "${id}"`) ? client.taskOf(id) : null;
        return named !== null && named.submittedAtMs <= submittedAtMs;
      });
      if (known === undefined) continue;
      const what = `it fails since "${known}" is unknown, which its client has submitted`;
      throw new BrokenRule("outcomes are true", what, [spec.id, known]);
    }
  }
}

/** Says what has not come to an end. */
function complainOfRest(world: World): never {
  const { scheduler, hosts, clients, ledger } = world;
  for (const client of clients.values()) {
    for (const { spec, outcome } of client.alive ? client.tasks : []) {
      if (outcome !== null) continue;
      const why = scheduler?.core.explain(spec.id).text ?? "there is no scheduler";
      throw new BrokenRule("everything comes to an end", `its client has no outcome: ${why}`, [spec.id]);
    }
  }
  for (const { id } of ledger.open) {
    const why = scheduler?.core.explain(id).text ?? "there is no scheduler";
    throw new BrokenRule("everything comes to an end", `it is not settled: ${why}`, [id]);
  }
  for (const host of hosts) {
    const run = host.alive ? host.held[0] : undefined;
    if (run === undefined) continue;
    const what = `host ${host.id} still has dispatch ${run.epoch}:${run.number} in hand, ${run.state}`;
    throw new BrokenRule("nothing is left over", what, [run.spec.id]);
  }
  throw new BrokenRule(
    "nothing is left over",
    "the scheduler keeps attempts that nobody claims, or a grace without end",
  );
}

function highestTarget({ actions }: SimulationPlan): number {
  const targets = actions.flatMap((action) => action.kind === "submit" ? action.flags.targets ?? [] : []);
  return targets.reduce<number>((highest, id) => Math.max(highest, id), -1);
}
