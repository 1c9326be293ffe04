/**
 * Ourselves, measured as the peers are: ENGINES TASKS HWM. Prints one JSON line.
 * @module
 */
import { Cluster } from "../../mod.ts";
import { PACKAGE_VERSION } from "../../protocol/version.ts";
import { elapsedMs, median, rounded, spread } from "../statistics.ts";

const [engines = 4, tasks = 20_000, hwm = 1] = Deno.args.map(Number);
const CALLS = 200;
const ROUNDS = 3;
const noop = (x: number) => x;
const numbers = (count: number) => Array.from({ length: count }, (_, x) => x);

const began = performance.now();
await using cluster = await Cluster.start({ n: engines, hwm });
await using client = await cluster.connect();
await client.waitForEngines(engines);
const startMs = performance.now() - began;

const view = client.loadBalancedView();
await view.map(noop, numbers(100));
const latency: number[] = [];
for (let i = 0; i < CALLS; i++) latency.push(await elapsedMs(() => view.apply(noop, i)));
const rates: number[] = [];
for (let i = 0; i < ROUNDS; i++) {
  rates.push(tasks / await elapsedMs(() => view.map(noop, numbers(tasks))) * 1_000);
}
const { p50, p95 } = spread(latency);
console.log(JSON.stringify({
  peer: `troupe (hwm ${hwm})`,
  version: PACKAGE_VERSION,
  engines,
  start_s: rounded(startMs / 1_000),
  latency_ms_p50: p50,
  latency_ms_p95: p95,
  tasks_per_s: Math.round(median(rates)),
}));
