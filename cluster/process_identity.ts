/**
 * Which process a file on disk speaks of, and whether it still lives: a pid alone may have been given to another.
 *
 * Reads `/proc` where there is one; elsewhere the pid has to do. Used by the lock and the connection file.
 * @module
 */
import process from "node:process";

/** A process as written into a file. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's own unit since boot; `null` where that can't be read. */
  readonly startedTicks: number | null;
}

/** Whether a value read from a file names one process: to the kernel, 0 and below mean groups, and all of them. */
export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  const { pid, startedTicks } = (value ?? {}) as Partial<ProcessIdentity>;
  return typeof pid === "number" && Number.isSafeInteger(pid) && pid > 0 &&
    (startedTicks === null || typeof startedTicks === "number");
}

const STAT_START_TIME = 19;

/** `null`: there is no such process, or no way to know; `undefined`: this program may not know. */
function startedTicks(pid: number): number | null | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (afterName[0] === "Z") return null;
    return Number(afterName[STAT_START_TIME]);
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? undefined : null;
  }
}

/** The process that has this pid now. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedTicks: startedTicks(pid) ?? null };
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(Deno.pid);
}

/** Whether the very process is still there; a program that may not look takes its word for it. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.startedTicks !== null && Deno.build.os === "linux") {
    const ticks = startedTicks(identity.pid);
    if (ticks !== undefined) return ticks === identity.startedTicks;
  }
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable || (error as { code?: string }).code === "EPERM";
  }
}
