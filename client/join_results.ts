/**
 * Several results as one.
 *
 * Exported by `mod.ts`.
 * @module
 */
import { AsyncMapResult } from "./async_map_result.ts";
import { show } from "./flag_checks.ts";
import { AsyncResult } from "./async_result.ts";
import { joinJobs } from "./mirrored_job.ts";

/** What a result puts into a joined one: itself, or each of its items. */
// deno-lint-ignore no-explicit-any -- whatever its results are
export type JoinedItem<X> = X extends AsyncResult<any, any>
  ? X["engineId"] extends readonly unknown[] ? Awaited<X> extends readonly (infer R)[] ? R : never
  : Awaited<X>
  : never;

/**
 * One result of all the items of these, in this order: those of maps and of several targets one after the other, of
 * everything else the one. Awaited, it is an array; failures are one `CompositeError`; it can be iterated, waited for and
 * aborted as a whole. Throws `TypeError` without results.
 *
 * @example
 * ```ts
 * import { Cluster, joinResults } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const lview = client.loadBalancedView();
 * const squares = lview.map((x: number) => x * x, [1, 2, 3]);
 * const ten = lview.apply(() => 10);
 * console.log(await joinResults(squares, ten)); // [ 1, 4, 9, 10 ]
 * ```
 */
// deno-lint-ignore no-explicit-any -- whatever their results are
export function joinResults<A extends readonly AsyncResult<any, any>[]>(
  ...results: A
): AsyncMapResult<JoinedItem<A[number]>> {
  const jobs = results.map(jobOf);
  const [first] = jobs;
  const [result] = results;
  if (first === undefined || result === undefined) {
    throw new TypeError("Cannot join no results: give one at least.");
  }
  const plans = jobs.map(({ plan }) => plan);
  const plan = {
    ...first.plan,
    returnExceptions: plans.every((plan) => plan.returnExceptions),
    refused: false,
    submitted: Math.min(...plans.map((plan) => plan.submitted)),
    submittedAt: Math.min(...plans.map((plan) => plan.submittedAt)),
  };
  return new AsyncMapResult(joinJobs(jobs, plan), AsyncResult.contextOf(result), true);
}

// deno-lint-ignore no-explicit-any -- as above
function jobOf(result: AsyncResult<any, any>) {
  if (result instanceof AsyncResult) return AsyncResult.jobOf(result);
  const hint = Array.isArray(result)
    ? "of a list, spread it: joinResults(...list)"
    : "give what apply() or map() returned";
  throw new TypeError(`Cannot join ${show(result)}: it is no result; ${hint}.`);
}
