/**
 * Whether a cluster grows with what passes through it: a million tasks, and the memory of every process on the way.
 *
 * The first 150,000 fill what is kept of finished tasks (`--keep`: 100,000 records); from there on memory is to stay. It
 * is read at rest, when V8 has given back what it had grown by under load: that is 540 MB in the controller at 50,000 tasks
 * a second, from 450,000 tasks on, and a matter of its garbage collector.
 * @module
 */
import { noop, startBenchCluster } from "./bench_cluster.ts";
import { memoryMb } from "./process_meter.ts";
import { rounded } from "./statistics.ts";

const BATCH = 10_000;
const SETTLED_AFTER = 150_000;

/** So long V8 takes to give memory back when nothing happens. */
const REST_MS = 15_000;

/** Of one process; MB of resident memory. */
export interface SoakFigure {
  readonly process: string;
  /** At rest, after the first 150,000 tasks. */
  readonly before: number;
  /** At rest, after all of them. */
  readonly after: number;
  readonly ratio: number;
  /** The most that was seen under load. */
  readonly peak: number;
}

/** Runs so many no-op tasks through one cluster. */
export async function benchSoak(tasks: number): Promise<readonly SoakFigure[]> {
  await using cluster = await startBenchCluster("embedded", 0);
  const { host, controller, engines } = cluster.processes;
  const pids: [string, number][] = [["host", host], ["controller", controller], ["client", Deno.pid]];
  engines.forEach((pid, index) => pids.push([`engine ${index}`, pid]));
  const memory = () => pids.map(([, pid]) => memoryMb(pid).rss);
  const peaks = pids.map(() => 0);
  const inputs = Array.from({ length: BATCH }, (_, x) => x);
  const run = async (count: number) => {
    for (let done = 0; done < count; done += BATCH) {
      await cluster.view.map(noop, inputs);
      memory().forEach((mb, index) => peaks[index] = Math.max(peaks[index] ?? 0, mb));
    }
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return memory();
  };
  const first = Math.min(SETTLED_AFTER, tasks / 4);
  const before = await run(first);
  const after = await run(tasks - first);
  return pids.map(([process], index) => {
    const [then = 0, now = 0] = [before[index], after[index]];
    return {
      process,
      before: rounded(then),
      after: rounded(now),
      ratio: rounded(now / then),
      peak: rounded(peaks[index] ?? 0),
    };
  });
}
