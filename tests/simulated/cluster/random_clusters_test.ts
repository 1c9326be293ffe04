/**
 * Clusters, loads and faults by a seed: every rule holds after each step, and everything comes to an end.
 *
 * The same seeds each time; `deno task simulate` runs others.
 * @module
 */
import assert from "node:assert/strict";
import { drawPlan } from "../../../testing/simulation/draw_plan.ts";
import { isFault } from "../../../testing/simulation/draw_plan.ts";
import { runPlan } from "../../../testing/simulation/run_plan.ts";
import { firstFailedSeed } from "../../../testing/simulation/run_seeds.ts";

const SEEDS = 300;
const DRAWN = { dependencies: true };

Deno.test(`${SEEDS} seeds keep every rule`, () => {
  const failed = firstFailedSeed({ from: 1, seeds: SEEDS, ...DRAWN });
  assert.equal(
    failed,
    null,
    failed === null ? "" : `seed ${failed.seed}, ${failed.rule}: ${failed.what}\n${failed.story}`,
  );
});

Deno.test("the same seed gives the same run, and another one another", () => {
  const storyOf = (seed: number) => JSON.stringify(runPlan(drawPlan(seed, DRAWN), true).story.about(null));
  assert.equal(storyOf(12), storyOf(12));
  assert.notEqual(storyOf(12), storyOf(13));
});

Deno.test("the seeds use every kind of action, and every scheme and mark", () => {
  const plans = Array.from({ length: SEEDS }, (_, i) => drawPlan(i + 1, DRAWN));
  const actions = plans.flatMap((plan) => plan.actions);
  const kinds = new Set<string>(actions.map(({ kind }) => kind));
  for (const kind of ["clock-jumps", "controller-dies", "core-restored", "client-vanishes", "network-away", "purge"]) {
    assert.ok(kinds.has(kind), kind);
  }
  assert.ok(actions.filter(isFault).length > SEEDS);
  assert.deepEqual(new Set(plans.map(({ scheduler }) => scheduler.hwm)), new Set([0, 1, 2, 5, "auto"]));
  assert.equal(new Set(plans.map(({ scheduler }) => scheduler.scheme)).size, 5);
  const flags = actions.flatMap((action) => action.kind === "submit" ? [action.flags] : []);
  for (
    const name of ["retries", "priority", "targets", "timeoutMs", "maxRuntimeMs", "backoff", "after", "follow"] as const
  ) {
    assert.ok(new Set(flags.map((each) => JSON.stringify(each[name]))).size > 1, name);
  }
});
