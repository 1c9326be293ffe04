/**
 * `deno task chaos --minutes 5 --seed 1`: a cluster of real processes under mixed load, in a storm of faults.
 *
 * Prints each fault as it comes, then the account and the times to recover. Exit code 0: nothing lost, double or leaked;
 * 1: findings; 2: wrong usage. Ends by itself, whatever hangs. Linux only.
 * @module
 */
import { kindsFor, readChaosOptions } from "./chaos_options.ts";
import { chaosJson, chaosReport } from "./chaos_report.ts";
import { runChaos } from "./chaos_run.ts";
import { Draw } from "./draw.ts";
import { LastResort } from "./last_resort.ts";

const WARM_UP_MS = 10_000;
const HUNG_AFTER_MS = 60_000;
/** So that a run of hours has no heap of finished records: what is kept of them is not what is tested. */
const KEEP = ["--keep", "2000,1m,32MB"];
const HWM = ["1", "2", "0", "auto"];
/** Start, drain, stop and account together, at worst. */
const REST_MS = 300_000;

const options = readChaosOptions(Deno.args);
let kinds;
try {
  kinds = kindsFor(options);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
const folder = await Deno.makeTempDir({ prefix: "troupe-chaos-" });
const lastResort = new LastResort(options.stormMs + REST_MS);
console.log(`Chaos, seed ${options.seed}, ${options.stormMs / 60_000} minutes, on ${options.on}; files in ${folder}`);
const { hosts, engines, seed, stormMs, lanes, store, standbys } = options;
const controllerFlags = [...KEEP, "--hwm", Draw.of(seed, "shape").pick(HWM)];
const wanted = {
  seed,
  shape: { hosts, engines, clients: 2, nats: options.on === "nats", controllerFlags, store, standbys },
  kinds,
  warmUpMs: WARM_UP_MS,
  stormMs,
  gapMs: options.gap,
  lanes,
  hungAfterMs: HUNG_AFTER_MS,
  folder,
  say: (line: string) => console.log(line),
  onProcess: (pid: number) => void lastResort.include(pid),
};
const result = await runChaos(wanted).catch((error) => {
  console.error(`Cannot run it: ${error instanceof Error ? error.message : error}\nFiles: ${folder}`);
  // What has been started goes with this program: the last resort sees to that.
  Deno.exit(1);
});
console.log(`\n${chaosReport(result).join("\n")}`);
if (options.json !== undefined) await Deno.writeTextFile(options.json, chaosJson(result));
await lastResort[Symbol.asyncDispose]();
if (!options.keepFiles && result.findings.length === 0) await Deno.remove(folder, { recursive: true });
else console.log(`Files: ${folder}`);
Deno.exit(result.findings.length === 0 ? 0 : 1);
