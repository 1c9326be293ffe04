/**
 * What a client still holds after many tasks whose results nobody kept, and what shipping a function again costs.
 *
 * Exports for `bench/main.ts`; run alone (`deno run -A --v8-flags=--expose-gc bench/leak_bench.ts [tasks]`) it prints the
 * growth as JSON.
 * @module
 */
import { type Carrier, noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { rounded } from "./statistics.ts";

/** A client before and after. MB of 1024 × 1024 bytes, after a full collection. */
export interface LeakFigures {
  readonly tasks: number;
  readonly heapBeforeMb: number;
  readonly heapAfterMb: number;
  readonly grownMb: number;
}

/** µs that `apply` takes in the client, once the function is known. */
export interface ShippingFigures {
  /** A function that captured nothing. */
  readonly plainMicros: number;
  /** One that captured a number. */
  readonly capturingMicros: number;
}

/** Tasks that are under way at a time. */
const BATCH = 20_000;
const MEGABYTE = 1024 * 1024;

declare const gc: (() => void) | undefined;

/** Runs `tasks` tasks in maps and by `apply`, and drops every result. */
export async function benchLeak(carrier: Carrier, tasks: number): Promise<LeakFigures> {
  await using cluster = await startBenchCluster(carrier, 0);
  await warmUp(cluster.view);
  const inputs = Array.from({ length: BATCH / 2 }, (_, x) => x);
  const batch = async () => {
    const map = cluster.view.map(noop, inputs);
    for (let x = 0; x < BATCH / 2; x++) cluster.view.apply(noop, x);
    await map;
    await cluster.client.wait();
  };
  await batch();
  const before = heldMb();
  for (let done = 0; done < tasks; done += BATCH) await batch();
  const after = heldMb();
  return { tasks, heapBeforeMb: before, heapAfterMb: after, grownMb: rounded(after - before) };
}

function heldMb(): number {
  if (typeof gc !== "function") throw new Error("Cannot measure what is held: run with --v8-flags=--expose-gc.");
  gc();
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return rounded((heapUsed + external) / MEGABYTE);
}

/** Median over `calls` calls of `apply`, in groups that are awaited in between. */
export async function benchShipping(carrier: Carrier, calls: number): Promise<ShippingFigures> {
  await using cluster = await startBenchCluster(carrier, 0);
  await warmUp(cluster.view);
  const offset = calls;
  const plain = (x: number): number => x;
  const capturing = (x: number): number => x + offset;
  const micros = async (f: (x: number) => number): Promise<number> => {
    const series: number[] = [];
    for (let call = 0; call < calls; call++) {
      const began = performance.now();
      const result = cluster.view.apply(f, call);
      series.push((performance.now() - began) * 1_000);
      if (call % 50 === 49) await result.wait();
    }
    await cluster.client.wait();
    return rounded(series.sort((a, b) => a - b)[Math.floor(series.length / 2)] ?? 0);
  };
  await micros(plain);
  await micros(capturing);
  return { plainMicros: await micros(plain), capturingMicros: await micros(capturing) };
}

if (import.meta.main) {
  console.log(JSON.stringify(await benchShipping("embedded", 2_000)));
  console.log(JSON.stringify(await benchLeak("embedded", Number(Deno.args[0] ?? 1_000_000))));
}
