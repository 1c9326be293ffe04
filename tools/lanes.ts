/**
 * Does jobs side by side: so many lanes, of which only some may do what keeps a processor busy.
 *
 * Most jobs wait for processes, clocks and networks; two that compute would only slow each other down, and make tests
 * that watch the time fail. Knows nothing of what the jobs do. Called by `check.ts`.
 * @module
 */

/** Something to do, once. It is to catch its own errors: one that rejects ends the whole run. */
export interface Job<T> {
  /** Whether it computes more than it waits. */
  readonly busy: boolean;
  readonly run: () => Promise<T>;
}

/** How much goes on at once. */
export interface Lanes {
  readonly lanes: number;
  /** So many of them take busy jobs, as long as there are others for the rest. */
  readonly busyLanes: number;
}

/** Begins the jobs in their order, the busy ones as early as may be. Gives what came of each, in the same order. */
export async function runInLanes<T>(jobs: readonly Job<T>[], { lanes, busyLanes }: Lanes): Promise<T[]> {
  const waiting = [...jobs.entries()];
  const results: T[] = [];
  let busy = 0;

  function next(): [number, Job<T>] | undefined {
    const wanted = waiting.findIndex(([, job]) => job.busy === busy < busyLanes);
    return waiting.splice(Math.max(0, wanted), 1)[0];
  }

  async function lane(): Promise<void> {
    for (let entry = next(); entry !== undefined; entry = next()) {
      const [index, job] = entry;
      busy += Number(job.busy);
      results[index] = await job.run();
      busy -= Number(job.busy);
    }
  }

  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
