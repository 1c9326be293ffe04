/**
 * `deno task bench [parts…] [--peers] [--quick]`: measures, and prints one JSON document on stdout, progress on stderr.
 *
 * Parts: raw, core, start, memory, latency, throughput, auto, cpu, values, shipping, leak, store, durability, recovery,
 * restart, takeover, soak; without any, all of them. `--peers` measures the peers too,
 * `peers` measures only them. `--quick` does everything with a tenth of the work: to see that it works, not to quote.
 * A part that fails is named under `failures`, and the exit code is 1.
 * @module
 */
import { benchAuto } from "./auto_bench.ts";
import type { Carrier } from "./bench_cluster.ts";
import { benchCore } from "./core_bench.ts";
import { cpuPerTask } from "./cpu_per_task.ts";
import { benchDurability } from "./durability_bench.ts";
import { benchLatency } from "./latency_bench.ts";
import { benchLeak, benchShipping } from "./leak_bench.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { benchMemory } from "./memory_bench.ts";
import { benchPeers } from "./peers_bench.ts";
import { benchRawNats } from "./raw_nats_bench.ts";
import { benchRecovery } from "./recovery_bench.ts";
import type { BenchParts, BenchReport, PartFailure, PartName, PerCarrier, PerMark } from "./report.ts";
import { benchRestart } from "./restart_bench.ts";
import { benchSoak } from "./soak_bench.ts";
import { benchStart } from "./start_bench.ts";
import { rounded } from "./statistics.ts";
import { benchTakeover } from "./takeover_bench.ts";
import { ratiosOf } from "./targets.ts";
import { benchStores } from "./store_bench.ts";
import { benchThroughput } from "./throughput_bench.ts";
import { benchValues } from "./values_bench.ts";

interface Plan {
  readonly parts: readonly PartName[];
  readonly quick: boolean;
}

/** How much of everything. */
interface Amounts {
  readonly calls: number;
  readonly echoes: number;
  readonly tasksHwm1: number;
  readonly tasksHwm0: number;
  readonly rounds: number;
  readonly starts: number;
  readonly scale: number;
  readonly megabytes: number;
  readonly droppedTasks: number;
  readonly entries: number;
  readonly queued: number;
  readonly kills: number;
  readonly takeovers: number;
}

const OWN_PARTS = [
  "raw",
  "core",
  "start",
  "memory",
  "latency",
  "throughput",
  "auto",
  "cpu",
  "values",
  "shipping",
  "leak",
  "durability",
  "store",
  "recovery",
  "restart",
  "takeover",
  "soak",
] as const;
const CARRIERS: readonly Carrier[] = ["embedded", "nats-server"];
const FULL: Amounts = {
  calls: 200,
  echoes: 200_000,
  tasksHwm1: 20_000,
  tasksHwm0: 200_000,
  rounds: 5,
  starts: 5,
  scale: 1,
  megabytes: 100,
  droppedTasks: 1_000_000,
  entries: 100_000,
  queued: 100_000,
  kills: 50,
  takeovers: 20,
};
const QUICK: Amounts = {
  calls: 50,
  echoes: 20_000,
  tasksHwm1: 2_000,
  tasksHwm0: 20_000,
  rounds: 2,
  starts: 1,
  scale: 0.1,
  megabytes: 10,
  droppedTasks: 100_000,
  entries: 10_000,
  queued: 10_000,
  kills: 5,
  takeovers: 3,
};

function parse(args: readonly string[]): Plan {
  const known: readonly string[] = [...OWN_PARTS, "peers"];
  const names = args.filter((arg) => !arg.startsWith("--"));
  const options = args.filter((arg) => arg.startsWith("--"));
  for (const name of names) if (!known.includes(name)) throw new RangeError(unknown("part", name, known));
  const flags = ["--peers", "--quick"];
  for (const option of options) if (!flags.includes(option)) throw new RangeError(unknown("option", option, flags));
  const parts = names.length > 0 ? names as PartName[] : [...OWN_PARTS];
  if (options.includes("--peers") && !parts.includes("peers")) parts.push("peers");
  return { parts, quick: options.includes("--quick") };
}

function unknown(what: string, given: string, known: readonly string[]): string {
  return `Cannot run the ${what} "${given}": there are ${known.join(", ")}.`;
}

function progress(text: string): void {
  console.error(`[bench] ${text}`);
}

/** On both carriers, or on the one there is. */
async function perCarrier<T>(
  machine: Machine,
  what: string,
  measure: (carrier: Carrier) => Promise<T>,
): Promise<PerCarrier<T>> {
  const figures: PerCarrier<T> = {};
  for (const carrier of CARRIERS) {
    progress(`${what}, ${carrier}`);
    const { natsServerMissing } = machine;
    figures[carrier] = carrier === "nats-server" && natsServerMissing !== null
      ? { missing: natsServerMissing }
      : await measure(carrier);
  }
  return figures;
}

async function perMark<T>(amounts: Amounts, measure: (hwm: number, tasks: number) => Promise<T>): Promise<PerMark<T>> {
  return { hwm1: await measure(1, amounts.tasksHwm1), hwm0: await measure(0, amounts.tasksHwm0) };
}

async function measure(part: PartName, machine: Machine, amounts: Amounts): Promise<BenchParts[PartName]> {
  const { calls, echoes, rounds, starts, scale } = amounts;
  switch (part) {
    case "raw":
      return await perCarrier(machine, "raw NATS", (carrier) => benchRawNats(carrier, calls, echoes));
    case "core":
      progress("core");
      return benchCore(scale);
    case "start":
      progress("start");
      return await benchStart(starts);
    case "memory":
      progress("memory");
      return await benchMemory(amounts.tasksHwm1);
    case "latency":
      return await perCarrier(machine, "latency", (carrier) => benchLatency(carrier, calls));
    case "throughput":
      return await perCarrier(machine, "throughput", (carrier) => (
        perMark(amounts, (hwm, tasks) => benchThroughput(carrier, hwm, tasks, rounds))
      ));
    case "auto":
      progress("hwm auto");
      return await benchAuto(amounts.tasksHwm0, rounds, scale);
    case "cpu":
      return await perCarrier(machine, "CPU per task", (carrier) => (
        perMark(amounts, (hwm, tasks) => cpuPerTask(carrier, hwm, tasks))
      ));
    case "values":
      return await perCarrier(machine, "big values", (carrier) => benchValues(carrier, amounts.megabytes, rounds));
    case "shipping":
      progress("shipping");
      return await benchShipping("embedded", 10 * calls);
    case "leak":
      progress("leak");
      return await benchLeak("embedded", amounts.droppedTasks);
    case "durability":
      progress("durability");
      return await perMark(amounts, (hwm, tasks) => benchDurability(hwm, tasks, rounds));
    case "store":
      progress("stores");
      return await benchStores(amounts.entries, calls, rounds, machine.natsServerMissing);
    case "recovery":
      progress("recovery");
      return await benchRecovery(amounts.kills);
    case "restart":
      progress("restart");
      return await benchRestart(amounts.queued, starts);
    case "soak":
      progress("soak");
      return await benchSoak(amounts.droppedTasks);
    case "takeover":
      progress("take-over");
      return await benchTakeover(amounts.takeovers);
    case "peers":
      return await benchPeers(scale < 1 ? 1 : 3, scale, progress);
  }
}

async function main(plan: Plan): Promise<BenchReport> {
  const began = performance.now();
  const machine = await describeMachine();
  const parts: Partial<Record<PartName, BenchParts[PartName]>> = {};
  const failures: PartFailure[] = [];
  for (const part of plan.parts) {
    try {
      parts[part] = await measure(part, machine, plan.quick ? QUICK : FULL);
    } catch (error) {
      // What the other parts have found is not to be lost with it.
      const reason = error instanceof Error ? error.message : String(error);
      progress(`${part} failed: ${reason}`);
      failures.push({ part, reason });
    }
  }
  const figures = parts as BenchParts;
  const seconds = rounded((performance.now() - began) / 1_000);
  return { date: new Date().toISOString(), machine, seconds, ...figures, failures, ratios: ratiosOf(figures) };
}

let plan: Plan;
try {
  plan = parse(Deno.args);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
const report = await main(plan);
console.log(JSON.stringify(report, null, 2));
Deno.exit(report.failures.length === 0 ? 0 : 1);
