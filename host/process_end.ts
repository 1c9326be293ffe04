/**
 * Says in words how an engine's process ended: by itself, by a signal, by us, or for want of memory.
 *
 * Pure. Used for the reasons in the log, in `status`, and in the errors of tasks.
 * @module
 */

import { heapFullReason, type MemoryUse } from "./memory_limit.ts";

/** What is known of an ended process. */
export interface ProcessExit {
  readonly code: number;
  readonly signal: string | null;
  /** Why the host killed it, where it did. */
  readonly killedFor: string | null;
  /** The last lines it wrote to its stderr. */
  readonly lastLines: readonly string[];
  /** What it took of memory when that was last looked at; absent: it has no limit, or nobody looked. */
  readonly memory?: MemoryUse | null;
}

const SHOWN_LINES = 5;

/** `its process was killed by SIGKILL`, with the last words of the process where it had any. */
export function describeExit(exit: ProcessExit): string {
  if (exit.killedFor !== null) return exit.killedFor;
  const words = exit.lastLines.filter((line) => line.trim() !== "" && !/^\s+at /.test(line)).slice(-SHOWN_LINES);
  const said = words.length === 0 ? "" : `; it last said: ${words.join(" | ")}`;
  return `${whatHappened(exit)}${said}`;
}

function whatHappened({ code, signal, lastLines, memory = null }: ProcessExit): string {
  if (lastLines.some((line) => /out of memory|heap limit/i.test(line))) return heapFullReason(memory);
  if (signal === "SIGKILL") return "its process was killed by SIGKILL, by someone or by the system for want of memory";
  if (signal !== null) return `its process was killed by ${signal}`;
  return `its process ended with exit code ${code}`;
}
