/**
 * Several results as one.
 *
 * Exported by `mod.ts`.
 * @module
 */
import { AsyncMapResult } from "./async_map_result.ts";
import { AsyncResult } from "./async_result.ts";
import { joinJobs } from "./mirrored_job.ts";

// deno-lint-ignore no-explicit-any -- whatever its results are
type AnyResult = AsyncResult<any, any>;

/** What a result puts into a joined one. */
export type JoinedItem<X> = X extends AnyResult ? X["engineId"] extends readonly unknown[] ? ElementOf<Awaited<X>>
  : Awaited<X>
  : never;

type ElementOf<List> = List extends readonly (infer R)[] ? R : never;

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
export function joinResults<A extends readonly AnyResult[]>(...results: A): AsyncMapResult<JoinedItem<A[number]>> {
  const jobs = results.map((result) => AsyncResult.jobOf(result));
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
