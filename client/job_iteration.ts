/**
 * The results of a job one by one, while they come in.
 *
 * Leaving the loop leaves the tasks alone. Called by `AsyncResult` and `AsyncMapResult`.
 * @module
 */
import type { ItemOutcome, Job } from "./job.ts";
import { elementsOf } from "./partition.ts";
import type { BeginWait } from "./task_tie.ts";

/** In the order of the input, or as they arrive. Throws at an item that failed, unless errors are to stand in place. */
export async function* iterateJob(
  job: Job,
  ordered: boolean,
  beginWait: BeginWait | undefined,
): AsyncGenerator<unknown, void, void> {
  const { items, shape } = job.plan;
  if (shape && !shape.inOrder) {
    for (let index = 0; index < items; index++) checked(job, await nextOutcome(job, index, true, beginWait));
    yield* job.values() as Iterable<unknown>;
    return;
  }
  for (let index = 0; index < items; index++) {
    const outcome = await nextOutcome(job, index, ordered, beginWait);
    const value = checked(job, outcome);
    if (shape) yield* elementsOf(value);
    else yield value;
  }
}

/** The value, or the error where that stands in its place. Throws it where it does not. */
function checked(job: Job, [ok, value]: ItemOutcome): unknown {
  if (!ok && (job.refused || !job.plan.returnExceptions)) throw value;
  return value;
}

async function nextOutcome(
  job: Job,
  index: number,
  ordered: boolean,
  beginWait: BeginWait | undefined,
): Promise<ItemOutcome> {
  while (true) {
    const item = ordered ? index : job.arrivals[index];
    const outcome = item === undefined ? undefined : job.outcome(item);
    if (outcome !== undefined) return outcome;
    const endWait = beginWait?.();
    await job.changed();
    endWait?.();
  }
}
