/**
 * Resident memory of every process of a cluster: when it has come up, and when it has worked.
 *
 * Linux only. A process shares the pages of the Deno binary with its siblings; `anonymous` is what is its own.
 * @module
 */
import { type BenchCluster, noop, startBenchCluster } from "./bench_cluster.ts";
import { memoryMb } from "./process_meter.ts";

/** MB of 1024 × 1024 bytes. */
export interface Memory {
  readonly rss: number;
  readonly anonymous: number;
}

/** Of each process. */
export interface ClusterMemory {
  readonly host: Memory;
  readonly controller: Memory;
  readonly engines: readonly Memory[];
}

/** Before any task, and after `tasks` no-op tasks. */
export interface MemoryFigures {
  readonly idle: ClusterMemory;
  readonly afterLoad: ClusterMemory;
  readonly tasks: number;
}

/** On the embedded broker, `hwm` 0. */
export async function benchMemory(tasks: number): Promise<MemoryFigures> {
  await using cluster = await startBenchCluster("embedded", 0);
  const idle = read(cluster);
  await cluster.view.map(noop, Array.from({ length: tasks }, (_, x) => x));
  return { idle, afterLoad: read(cluster), tasks };
}

function read({ processes }: BenchCluster): ClusterMemory {
  return {
    host: memoryMb(processes.host),
    controller: memoryMb(processes.controller),
    engines: processes.engines.map(memoryMb),
  };
}
