/**
 * Runs drawn plans seed after seed, until one breaks a rule; then thins that one and tells its story.
 *
 * For Troupe's own long runs and tests; users have `simulateSeeds`. Called by `tools/simulate.ts` and by tests.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { type DrawOptions, drawPlan } from "./draw_plan.ts";
import type { SimulationPlan } from "./plan.ts";
import { type RunFailure, runPlan } from "./run_plan.ts";
import { printStory } from "./story.ts";
import { thinPlan } from "./thin_plan.ts";

/** Which plans to run. */
export interface SeedRange extends DrawOptions {
  readonly from: number;
  readonly seeds: number;
  /** Called after each seed. */
  readonly onSeed?: (seed: number) => void;
}

/** A seed that breaks a rule. */
export interface FailedSeed {
  readonly seed: number;
  readonly rule: string;
  readonly what: string;
  /** The shortest run that breaks the rule, as a text. */
  readonly story: string;
}

/** The first seed that breaks a rule; `null`: none does. */
export function firstFailedSeed({ from, seeds, onSeed, ...options }: SeedRange): FailedSeed | null {
  for (let seed = from; seed < from + seeds; seed++) {
    const plan = drawPlan(seed, options);
    const { failure } = runPlan(plan);
    if (failure !== null) return tellFailure(plan, failure);
    onSeed?.(seed);
  }
  return null;
}

function tellFailure(plan: SimulationPlan, failure: RunFailure): FailedSeed {
  const shortest = thinPlan(plan, {
    fails: (smaller) => {
      const other = runPlan(smaller).failure;
      return other?.rule === failure.rule && shapeOf(other.what) === shapeOf(failure.what);
    },
  });
  const { failure: last, story } = runPlan(shortest, true);
  const { rule, what, tasks } = last ?? failure;
  const lines = printStory(story.about(tasks.length === 0 ? null : withNamed(shortest, tasks)));
  const mishaps = shortest.actions.flatMap((action) => (
    action.kind === "mishap" ? [`  attempt ${action.execution} of ${action.task}: ${action.what}`] : []
  ));
  const options = JSON.stringify(shortest.scheduler);
  const story1 = [`scheduler ${options}`, ...mishaps, lines].join("\n");
  return { seed: plan.seed, rule, what: `${what}${tasks.length === 0 ? "" : ` (${tasks.join(", ")})`}`, story: story1 };
}

/** What was seen, without the names and numbers, which change as a plan gets shorter. */
function shapeOf(what: string): string {
  return what.replaceAll(/[a-z]+-\d+|\d+(\.\d+)?/g, "#");
}

/** These tasks, and those that they depend on, over any number of others. */
function withNamed({ actions }: SimulationPlan, tasks: readonly TaskId[]): ReadonlySet<TaskId> {
  const found = new Set(tasks);
  for (const id of found) {
    for (const action of actions) {
      if (action.kind !== "submit" || `${action.client}-${action.counter}` !== id) continue;
      const { after, follow } = action.flags;
      for (const named of [...after?.ids ?? [], ...follow?.ids ?? [], ...action.inputs ?? []]) found.add(named);
    }
  }
  return found;
}
