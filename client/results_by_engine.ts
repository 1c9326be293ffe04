/**
 * The results of a job sorted by the engines they came from.
 *
 * Called by `getDict()` of results; only for jobs that are settled.
 * @module
 */
import type { Job } from "./job.ts";

/** For each engine that has run some, its results in order. What never ran on one is left out. */
export function resultsByEngine(job: Job, values: readonly unknown[]): Record<number, unknown[]> {
  const lists: Record<number, unknown[]> = {};
  values.forEach((value, item) => {
    const engine = job.report(job.taskOf(item))?.engineId ?? null;
    if (engine !== null) (lists[engine] ??= []).push(value);
  });
  return lists;
}

/** The same where each engine has one result; one that has several has the list of them. */
export function resultByEngine(job: Job, values: readonly unknown[]): Record<number, unknown> {
  const lists = Object.entries(resultsByEngine(job, values));
  return Object.fromEntries(lists.map(([engine, list]) => [engine, list.length === 1 ? list[0] : list]));
}
