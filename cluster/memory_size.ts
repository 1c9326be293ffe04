/**
 * Reads how much memory an engine may take, as people write it: `512MB`, `2GiB`.
 *
 * Pure. Used by `Cluster.start` and the command line.
 * @module
 */
import { MIN_ENGINE_MEMORY_BYTES } from "../host/memory_limit.ts";

const UNITS: Readonly<Record<string, number>> = {
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  tb: 1_000_000_000_000,
  kib: 1_024,
  mib: 1_024 ** 2,
  gib: 1_024 ** 3,
  tib: 1_024 ** 4,
};

/** What is wanted, for error messages. */
export const MEMORY_SIZE_WANTED =
  `a number and a unit (KB, MB, GB, TB, or KiB, MiB, GiB, TiB), like 512MB, and at least ${
    MIN_ENGINE_MEMORY_BYTES / 1e6
  }MB`;

/** Bytes; `undefined` where it is no size, or less than an engine needs. */
export function readEngineMemory(input: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?) ?([kmgt]i?b)$/i.exec(input.trim());
  if (found === null) return undefined;
  return usable(Number(found[1]) * (UNITS[(found[2] ?? "").toLowerCase()] ?? NaN));
}

/** Of a program: a text as above, or bytes. Throws `RangeError`. */
export function resolveEngineMemory(given: string | number): number {
  const bytes = typeof given === "number" ? usable(given) : readEngineMemory(String(given));
  if (bytes !== undefined) return bytes;
  throw new RangeError(
    `Cannot start a cluster with engineMemory ${
      JSON.stringify(given)
    }: it is ${MEMORY_SIZE_WANTED}, or that many bytes as a number.`,
  );
}

function usable(bytes: number): number | undefined {
  const whole = Math.round(bytes);
  return Number.isSafeInteger(whole) && whole >= MIN_ENGINE_MEMORY_BYTES ? whole : undefined;
}
