/**
 * How much memory an engine may take: the limits that follow from it for its process, and the words where it is passed.
 *
 * V8 bounds its own heap alone; typed arrays, buffers and modules lie outside it, so what the whole process takes is
 * looked at too. The heap's limit lies below by what an engine takes besides, so that V8 collects before the process is
 * ended for garbage. Pure. Used by `memory_watch.ts` and by whoever starts engines.
 * @module
 */

/** What a process takes besides the heap: the runtime itself, its code, young objects. */
const BESIDES_HEAP_BYTES = 64 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** Less than this is no room for a task: an engine takes about 55 MB before its first. */
export const MIN_ENGINE_MEMORY_BYTES = 128_000_000;

/** The limit of V8's heap in MiB, as its flag takes it, for an engine that may take so many bytes in all. */
export function heapLimitMb(memoryBytes: number): number {
  return Math.floor((memoryBytes - BESIDES_HEAP_BYTES) / MEBIBYTE);
}

/** What a process took, and might. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** `its process used 612 MB of memory, and an engine may use 512 MB (--engine-memory); …` */
export function memoryPassedReason({ usedBytes, limitBytes }: MemoryUse): string {
  return `its process used ${inMegabytes(usedBytes)} of memory, and an engine may use ${inMegabytes(limitBytes)} ` +
    `(--engine-memory); cut the task into smaller ones, or give engines more`;
}

/** The same where V8 gave up by itself: `use` is what was seen last. */
export function heapFullReason(use: MemoryUse | null): string {
  if (use === null) return "its process ran out of memory; cut the task into smaller ones";
  return `its process ran out of memory: it used ${
    inMegabytes(use.usedBytes)
  } when it was last looked at, and an engine ` +
    `may use ${inMegabytes(use.limitBytes)} (--engine-memory); cut the task into smaller ones, or give engines more`;
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
