/**
 * How much CPU time one no-op task costs in each process, µs: the figure that says where to look, whatever else runs.
 *
 * Exports `cpuPerTask` for `bench/main.ts`; run alone (`deno run -A bench/cpu_per_task.ts [embedded | nats-server]`) it
 * prints its figures as JSON. Linux only.
 * @module
 */
import { type BenchCluster, type Carrier, noop, startBenchCluster, warmUp } from "./bench_cluster.ts";
import { type CpuTime, cpuTime } from "./process_meter.ts";
import { elapsedMs, rounded } from "./statistics.ts";

type Process = "client" | "controller" | "host" | "engines" | "natsServer";

/** One map of no-op tasks, and the CPU it took: µs a task, all threads, V8's compilers and collectors too. */
export interface CpuPerTask {
  readonly tasks: number;
  readonly tasksPerSecond: number;
  /** `engines`: all of them together. `natsServer`: 0 on the embedded broker, which is part of the controller. */
  readonly micros: Record<Process, CpuTime>;
  /** User and system time of all processes. */
  readonly totalMicros: number;
}

const NONE: CpuTime = { user: 0, system: 0 };

function add(a: CpuTime, b: CpuTime): CpuTime {
  return { user: a.user + b.user, system: a.system + b.system };
}

function read({ processes }: BenchCluster): Record<Process, CpuTime> {
  return {
    client: cpuTime(Deno.pid),
    controller: cpuTime(processes.controller),
    host: cpuTime(processes.host),
    engines: processes.engines.map(cpuTime).reduce(add, NONE),
    natsServer: processes.natsServer === undefined ? NONE : cpuTime(processes.natsServer),
  };
}

/** Runs `tasks` no-op tasks by one `map` on a fresh, warmed cluster. */
export async function cpuPerTask(carrier: Carrier, hwm: number, tasks: number): Promise<CpuPerTask> {
  await using cluster = await startBenchCluster(carrier, hwm);
  await warmUp(cluster.view);
  const inputs = Array.from({ length: tasks }, (_, x) => x);
  await cluster.view.map(noop, inputs.slice(0, tasks / 2));
  const before = read(cluster);
  const ms = await elapsedMs(() => cluster.view.map(noop, inputs));
  const after = read(cluster);
  const micros = (name: Process): CpuTime => ({
    user: rounded((after[name].user - before[name].user) / tasks),
    system: rounded((after[name].system - before[name].system) / tasks),
  });
  const parts = {
    client: micros("client"),
    controller: micros("controller"),
    host: micros("host"),
    engines: micros("engines"),
    natsServer: micros("natsServer"),
  };
  const { user, system } = Object.values(parts).reduce(add, NONE);
  return { tasks, tasksPerSecond: Math.round(tasks / ms * 1_000), micros: parts, totalMicros: rounded(user + system) };
}

if (import.meta.main) {
  const carrier: Carrier = Deno.args[0] === "nats-server" ? "nats-server" : "embedded";
  const tasks = Number(Deno.args[1] ?? 20_000);
  for (const hwm of [1, 0]) {
    console.log(JSON.stringify({ carrier, hwm, ...await cpuPerTask(carrier, hwm, tasks) }));
  }
}
