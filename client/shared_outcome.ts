/**
 * Lets a task of one job end as a task of another does: with its result, or the list of those of its items.
 *
 * Called by `watched_results.ts`.
 * @module
 */
import { CompositeError } from "../wire/errors.ts";
import type { Job } from "./job.ts";

/** Resolves when it has ended. */
export async function shareOutcome(from: Job, task: number, to: Job, index: number): Promise<void> {
  to.setFlags(index, { submitted: from.plan.submitted, ...from.flags(task) });
  while (!from.isSettled(task)) {
    const running = from.report(task);
    if (running !== undefined) to.running(index, running);
    await from.changed();
  }
  const report = from.report(task);
  if (report === undefined) return;
  const [ok, value] = outcomeOf(from, task);
  const blob = from.plan.chunksize === 1 ? from.blobOf(task) : undefined;
  if (blob !== undefined) to.setBlob(index, blob);
  to.settleItem(to.firstItem(index), ok, value);
  to.settleTask(index, report);
}

function outcomeOf(job: Job, task: number): readonly [ok: boolean, value: unknown] {
  const outcomes = job.outcomesOf(task);
  const [first] = outcomes;
  if ((job.plan.chunksize === 1 || job.refused) && first !== undefined) return first;
  const errors = outcomes.filter(([ok]) => !ok).map(([, error]) => error);
  if (errors.length > 0) return [false, new CompositeError(errors, outcomes.length)];
  return [true, outcomes.map(([, value]) => value)];
}
