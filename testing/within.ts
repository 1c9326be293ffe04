/**
 * Bounded waiting for tests: a promise that never settles must say what was awaited, not hang the run.
 * @module
 */

const DEFAULT_LIMIT_MS = 5_000;

/**
 * The promise's outcome, or an error naming `what` after `limitMs`.
 *
 * @example
 * ```ts
 * import { within } from "./within.ts";
 *
 * console.log(await within(Promise.resolve(3), "three")); // 3
 * ```
 */
export async function within<T>(promise: PromiseLike<T>, what: string, limitMs: number = DEFAULT_LIMIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${limitMs} ms in vain for ${what}.`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
