import assert from "node:assert/strict";
import { drawPlan } from "../../../../testing/simulation/draw_plan.ts";
import type { SimulationPlan } from "../../../../testing/simulation/plan.ts";
import { thinPlan } from "../../../../testing/simulation/thin_plan.ts";

const submits = (plan: SimulationPlan) => plan.actions.flatMap((action) => action.kind === "submit" ? [action] : []);

/** A plan with many actions of many kinds, in which a task names two others. */
const PLAN = firstPlan(({ actions, ...plan }) => (
  actions.length > 30 && submits({ actions, ...plan }).some(({ flags }) => (flags.after?.ids.length ?? 0) > 1)
));

function firstPlan(fits: (plan: SimulationPlan) => boolean): SimulationPlan {
  for (let seed = 1;; seed++) {
    const plan = drawPlan(seed, { dependencies: true });
    if (fits(plan)) return plan;
  }
}

Deno.test("a plan is thinned to the actions that it fails by", () => {
  const wanted = [PLAN.actions[3], PLAN.actions[PLAN.actions.length - 2]];
  const thin = thinPlan(PLAN, { fails: ({ actions }) => wanted.every((one) => one && actions.includes(one)) });
  assert.deepEqual(thin.actions, wanted);
});

Deno.test("tasks lose the flags and the named ids that do not matter", () => {
  const naming = submits(PLAN).find(({ flags }) => (flags.after?.ids.length ?? 0) > 1);
  const id = naming?.flags.after?.ids[0] ?? "";
  const thin = thinPlan(PLAN, {
    fails: (plan) => submits(plan).some(({ flags }) => flags.after?.ids.includes(id as never)),
  });
  assert.equal(thin.actions.length, 1);
  const [task] = submits(thin);
  assert.deepEqual(task?.flags.after?.ids, [id]);
  assert.deepEqual([task?.flags.retries, task?.flags.targets, task?.flags.follow, task?.endsPart], [
    0,
    null,
    null,
    false,
  ]);
});

Deno.test("what is to be kept is kept, and no more runs are spent than allowed", () => {
  let runs = 0;
  const thin = thinPlan(PLAN, {
    fails: () => ++runs > 0,
    keeps: ({ kind }) => kind === "submit",
    maxRuns: 40,
  });
  assert.deepEqual(thin.actions.filter(({ kind }) => kind === "submit").length, submits(PLAN).length);
  assert.ok(runs <= 40);
});
