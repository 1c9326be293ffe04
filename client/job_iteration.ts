/**
 * The results of a job one by one, while they come in.
 *
 * Leaving the loop leaves the tasks alone. Called by `AsyncResult` and `AsyncMapResult`.
 * @module
 */
import type { ItemOutcome, Job } from "./job.ts";
import type { BeginWait } from "./task_tie.ts";

/** In the order of the input, or as they arrive. Throws at an item that failed, unless errors are to stand in place. */
export async function* iterateJob(
  job: Job,
  ordered: boolean,
  beginWait: BeginWait | undefined,
): AsyncGenerator<unknown, void, void> {
  const { items, returnExceptions } = job.plan;
  for (let index = 0; index < items; index++) {
    const [ok, value] = await nextOutcome(job, index, ordered, beginWait);
    if (!ok && (job.refused || !returnExceptions)) throw value;
    yield value;
  }
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
