/**
 * How long a lone no-op `apply` takes on an idle cluster, from the call to the value, beside a raw NATS request.
 *
 * The two take turns, call by call: what else the machine does at the moment meets both alike.
 * @module
 */
import { type Carrier, noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { openRawPair } from "./raw_nats_bench.ts";
import { elapsedMs, type Spread, spread } from "./statistics.ts";

/** ms, one call after the other. */
export interface Latency {
  readonly apply: Spread;
  readonly rawRequest: Spread;
}

const WARM_UP_CALLS = 100;

/** `calls` of each, after as many as compilers want to see. */
export async function benchLatency(carrier: Carrier, calls: number): Promise<Latency> {
  await using cluster = await startBenchCluster(carrier, 1);
  await using raw = await openRawPair(carrier);
  await warmUp(cluster.view);
  const applied: number[] = [];
  const requested: number[] = [];
  for (let i = 0; i < WARM_UP_CALLS + calls; i++) {
    const requestMs = await elapsedMs(raw.request);
    const applyMs = await elapsedMs(() => cluster.view.apply(noop, i));
    if (i < WARM_UP_CALLS) continue;
    requested.push(requestMs);
    applied.push(applyMs);
  }
  return { apply: spread(applied), rawRequest: spread(requested) };
}
