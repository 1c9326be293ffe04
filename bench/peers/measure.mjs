/** What the Node peers have in common: lone calls one after the other, then rounds of many, as one JSON line. @module */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const CALLS = 200;
const ROUNDS = 3;

/** Packages come from the folder that the benchmark was told to look in, which is the working directory. */
const requireHere = createRequire(pathToFileURL(`${process.cwd()}/package.json`));

export const load = (name) => requireHere(name);
// Not `require`d: packages need not export this file.
export const versionOf = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;

async function elapsedMs(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function sorted(count, measure) {
  const series = [];
  for (let i = 0; i < count; i++) series.push(await measure(i));
  return series.sort((a, b) => a - b);
}

/** `callOne(i)` runs one task, `callMany(n)` n of them; both resolve when they are done. */
export async function report({ peer, version, engines, startMs, tasks, callOne, callMany }) {
  await callMany(100);
  const latency = await sorted(CALLS, (i) => elapsedMs(() => callOne(i)));
  const rates = await sorted(ROUNDS, async () => tasks / await elapsedMs(() => callMany(tasks)) * 1_000);
  console.log(JSON.stringify({
    peer,
    version,
    engines,
    start_s: Number((startMs / 1_000).toFixed(3)),
    latency_ms_p50: Number(latency[CALLS / 2].toFixed(3)),
    latency_ms_p95: Number(latency[CALLS * 0.95].toFixed(3)),
    tasks_per_s: Math.round(rates[(ROUNDS - 1) / 2]),
  }));
}
