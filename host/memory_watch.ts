/**
 * Looks at what an engine's process takes of memory, many times a second, and calls once when it is past its limit.
 *
 * Where the system does not say (Windows) it never calls, and V8's own limit is all there is. One for each process that
 * has a limit, made by `engine_process.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { MemoryUse } from "./memory_limit.ts";

/** Between two looks: one costs 20 µs, and a task that fills typed arrays takes 100 MB in this time. */
const LOOK_MS = 100;
/** Where each look costs a process. */
const SLOW_LOOK_MS = 1_000;

/** How the memory of a process is read. */
export interface MemoryReader {
  readonly everyMs: number;
  /** Resident bytes; `null`: the process is gone. */
  read(pid: number): number | null | Promise<number | null>;
}

/** How this system says it; `null`: it does not. */
export function systemMemoryReader(os: typeof Deno.build.os = Deno.build.os): MemoryReader | null {
  if (os === "linux") return { everyMs: LOOK_MS, read: readProcStatus };
  return os === "windows" ? null : { everyMs: SLOW_LOOK_MS, read: askPs };
}

export class MemoryWatch {
  readonly #pid: number;
  readonly #limitBytes: number;
  readonly #clock: Clock;
  readonly #reader: MemoryReader;
  readonly #passed: (use: MemoryUse) => void;
  #timer: TimerHandle | null = null;
  #stopped = false;
  #last: MemoryUse | null = null;

  /** Looks from now on. `passed` is called once at most. */
  constructor(
    pid: number,
    limitBytes: number,
    clock: Clock,
    reader: MemoryReader,
    passed: (use: MemoryUse) => void,
  ) {
    this.#pid = pid;
    this.#limitBytes = limitBytes;
    this.#clock = clock;
    this.#reader = reader;
    this.#passed = passed;
    this.#next();
  }

  /** What it saw last; `null`: nothing yet. */
  get last(): MemoryUse | null {
    return this.#last;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #next(): void {
    this.#timer = this.#clock.setTimer(() => {
      const used = this.#reader.read(this.#pid);
      if (used instanceof Promise) void used.then((bytes) => this.#judge(bytes));
      else this.#judge(used);
    }, this.#reader.everyMs);
  }

  #judge(usedBytes: number | null): void {
    if (this.#stopped || usedBytes === null) return;
    this.#last = { usedBytes, limitBytes: this.#limitBytes };
    if (usedBytes <= this.#limitBytes) return this.#next();
    this.stop();
    this.#passed(this.#last);
  }
}

function readProcStatus(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isGone(error)) return null;
    throw error;
  }
}

/** What the kernel says of a process that ends while its file is read. */
function isGone(error: unknown): boolean {
  return (error as { code?: string }).code === "ESRCH";
}

async function askPs(pid: number): Promise<number | null> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "rss=", "-p", String(pid)],
    stdin: "null",
    stderr: "null",
  }).output();
  const kilobytes = Number(new TextDecoder().decode(stdout).trim());
  return kilobytes > 0 ? kilobytes * 1024 : null;
}
