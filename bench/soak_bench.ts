/**
 * Whether a cluster grows with what passes through it: a million tasks, and the memory of every process on the way.
 *
 * The first 150,000 fill what is kept of finished tasks (`--keep`: 100,000 records); from there on memory is to stay.
 * @module
 */
import { noop, startBenchCluster } from "./bench_cluster.ts";
import { memoryMb } from "./process_meter.ts";
import { rounded } from "./statistics.ts";

const BATCH = 10_000;
const SETTLED_AFTER = 150_000;

/** Of one process; MB of resident memory. */
export interface SoakFigure {
  readonly process: string;
  /** Mean of the readings right after the first 150,000 tasks. */
  readonly before: number;
  /** Mean of as many readings at the end. */
  readonly after: number;
  readonly ratio: number;
}

/** Runs so many no-op tasks through one cluster. */
export async function benchSoak(tasks: number): Promise<readonly SoakFigure[]> {
  await using cluster = await startBenchCluster("embedded", 0);
  const { host, controller, engines } = cluster.processes;
  const pids: [string, number][] = [["host", host], ["controller", controller], ["client", Deno.pid]];
  engines.forEach((pid, index) => pids.push([`engine ${index}`, pid]));
  const readings = new Map<string, number[]>(pids.map(([name]) => [name, []]));
  const inputs = Array.from({ length: BATCH }, (_, x) => x);
  for (let done = 0; done < tasks; done += BATCH) {
    await cluster.view.map(noop, inputs);
    if (done + BATCH < Math.min(SETTLED_AFTER, tasks / 4)) continue;
    for (const [name, pid] of pids) readings.get(name)?.push(memoryMb(pid).rss);
  }
  return pids.map(([process]) => {
    const all = readings.get(process) ?? [];
    const share = Math.max(1, Math.floor(all.length / 5));
    const [before, after] = [mean(all.slice(0, share)), mean(all.slice(-share))];
    return { process, before: rounded(before), after: rounded(after), ratio: rounded(after / before) };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
