/**
 * How many no-op tasks a second pass through a cluster, by `map` with one task for each item.
 *
 * The first round, in which compilers still work, does not count.
 * @module
 */
import { type Carrier, noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { elapsedMs, median } from "./statistics.ts";

/** Tasks a second. */
export interface Throughput {
  readonly tasks: number;
  readonly median: number;
  readonly best: number;
  readonly rounds: readonly number[];
}

/** `rounds` maps of `tasks` items each. */
export async function benchThroughput(
  carrier: Carrier,
  hwm: number,
  tasks: number,
  rounds: number,
): Promise<Throughput> {
  await using cluster = await startBenchCluster(carrier, hwm);
  await warmUp(cluster.view);
  const inputs = Array.from({ length: tasks }, (_, x) => x);
  await cluster.view.map(noop, inputs);
  const rates: number[] = [];
  for (let i = 0; i < rounds; i++) {
    rates.push(Math.round(tasks / await elapsedMs(() => cluster.view.map(noop, inputs)) * 1_000));
  }
  return { tasks, median: median(rates), best: Math.max(...rates), rounds: rates };
}
