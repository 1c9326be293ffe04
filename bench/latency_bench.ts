/**
 * How long a lone no-op `apply` takes on an idle cluster, from the call to the value.
 * @module
 */
import { type Carrier, noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { elapsedMs, type Spread, spread } from "./statistics.ts";

const WARM_UP_CALLS = 100;

/** ms, one call after the other. */
export async function benchLatency(carrier: Carrier, calls: number): Promise<Spread> {
  await using cluster = await startBenchCluster(carrier, 1);
  await warmUp(cluster.view);
  for (let i = 0; i < WARM_UP_CALLS; i++) await cluster.view.apply(noop, i);
  const series: number[] = [];
  for (let i = 0; i < calls; i++) series.push(await elapsedMs(() => cluster.view.apply(noop, i)));
  return spread(series);
}
