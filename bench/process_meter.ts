/**
 * What the kernel says of a process: the CPU time it has used, and the memory it holds. Linux only.
 *
 * CPU time is the figure to trust on a busy machine: it does not grow while others have the core.
 * @module
 */

/** The kernel counts CPU time in hundredths of a second for `/proc`, on every architecture Deno runs on. */
const MICROS_PER_TICK = 10_000;
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;
const PARENT = 1;

/** Fields after the name, which may hold blanks and brackets itself. */
function statFields(pid: number): readonly string[] {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** CPU time, µs. */
export interface CpuTime {
  readonly user: number;
  /** In the kernel: reads, writes, waking others. */
  readonly system: number;
}

/** CPU time of all its threads so far; a resolution of 10,000 µs. */
export function cpuTime(pid: number): CpuTime {
  const fields = statFields(pid);
  return { user: Number(fields[USER_TICKS]) * MICROS_PER_TICK, system: Number(fields[SYSTEM_TICKS]) * MICROS_PER_TICK };
}

/** Resident memory, MB of 1024 × 1024 bytes. `anonymous` leaves out the pages of files, which processes share. */
export function memoryMb(pid: number): { readonly rss: number; readonly anonymous: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const megabytes = (field: string) => {
    const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
    return Math.round(Number(kilobytes ?? 0) / 102.4) / 10;
  };
  return { rss: megabytes("VmRSS"), anonymous: megabytes("RssAnon") };
}

/** The most resident memory it ever held, MB of 1024 × 1024 bytes. */
export function peakMemoryMb(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 102.4) / 10;
}

/** Children of this program whose command has this name. */
export function ownChildren(name: string): readonly number[] {
  const pids = [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter(Number.isSafeInteger);
  return pids.filter((pid) => {
    try {
      return Number(statFields(pid)[PARENT]) === Deno.pid && Deno.readTextFileSync(`/proc/${pid}/comm`).trim() === name;
    } catch {
      // It ended while we looked.
      return false;
    }
  });
}
