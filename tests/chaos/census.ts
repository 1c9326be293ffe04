/**
 * What the kernel says of the processes of a run: which there are, their descriptors, their memory.
 *
 * They are known by a variable of their environment that all of them inherit. Reads `/proc`, so Linux only. Called by
 * `chaos_run.ts`.
 * @module
 */
import { memoryMb } from "../../bench/process_meter.ts";

/** What a process is in the cluster. */
export type ProcessRole = "client" | "keeper" | "controller" | "host" | "engine" | "other";

/** One process. */
export interface ProcessCount {
  readonly pid: number;
  readonly role: ProcessRole;
  readonly descriptors: number;
  /** Not shared with others, MB. */
  readonly memoryMb: number;
}

/** The most that a process of a role has. */
export interface RoleCount {
  readonly processes: number;
  readonly descriptors: number;
  readonly memoryMb: number;
}

/** By role. */
export type Census = Readonly<Partial<Record<ProcessRole, RoleCount>>>;

/** The processes whose environment has `TMPDIR` at this path, and this one. */
export function countProcesses(tmpdir: string): readonly ProcessCount[] {
  const found: ProcessCount[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid) || pid <= 1) continue;
    try {
      const role = pid === Deno.pid ? "client" : roleOf(pid, tmpdir);
      if (role === null) continue;
      const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
      found.push({ pid, role, descriptors, memoryMb: memoryMb(pid).anonymous });
    } catch {
      // It ended while we looked, or is nobody's any more.
    }
  }
  return found;
}

/** The census of such a count. */
export function censusOf(processes: readonly ProcessCount[]): Census {
  const roles = Map.groupBy(processes, ({ role }) => role);
  return Object.fromEntries([...roles].map(([role, all]) => [role, {
    processes: all.length,
    descriptors: Math.max(...all.map(({ descriptors }) => descriptors)),
    memoryMb: Math.max(...all.map(({ memoryMb }) => memoryMb)),
  }]));
}

/** What the later one has more than the earlier one, beyond the bounds; in words. */
export function leaksBetween(before: Census, after: Census, bounds: LeakBounds): readonly string[] {
  const leaks: string[] = [];
  for (const [role, now] of Object.entries(after)) {
    const then = before[role as ProcessRole] ?? { processes: 0, descriptors: 0, memoryMb: 0 };
    if (now.processes > then.processes) {
      leaks.push(`${now.processes} processes of the role ${role}, of ${then.processes}`);
    }
    if (now.descriptors > then.descriptors + bounds.descriptors) {
      leaks.push(`a process of the role ${role} has ${now.descriptors} descriptors, and had ${then.descriptors}`);
    }
    if (now.memoryMb > then.memoryMb * bounds.memoryFactor + bounds.memoryMb) {
      leaks.push(`a process of the role ${role} has ${now.memoryMb} MB, and had ${then.memoryMb} MB`);
    }
  }
  return leaks;
}

/** How much more a process may have when all is quiet again. */
export interface LeakBounds {
  readonly descriptors: number;
  readonly memoryFactor: number;
  readonly memoryMb: number;
}

/** `null`: it is none of ours. */
function roleOf(pid: number, tmpdir: string): ProcessRole | null {
  const environment = Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0");
  if (!environment.includes(`TMPDIR=${tmpdir}`)) return null;
  const line = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
  const has = (part: string) => line.some((one) => one.endsWith(part));
  if (has("controller_main.ts")) return "controller";
  if (has("engine_main.ts")) return "engine";
  if (!has("cli.ts")) return "other";
  return line.includes("engines") ? "host" : "keeper";
}
