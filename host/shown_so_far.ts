/**
 * What a running task has shown until now: kept for the case that its process ends before it can say it again.
 *
 * Pure; checks what came from the engine, and throws where that can't be. As long as what a task may print at most.
 * Used by `engine_feed.ts`.
 * @module
 */

/** As in the end of a run. */
export interface ShownSoFar {
  readonly stdout: string;
  readonly stderr: string;
  readonly data?: Uint8Array;
}

const NOTHING: ShownSoFar = { stdout: "", stderr: "" };

/** Characters of one channel; an engine cuts earlier. */
const LIMIT = 2 * 1024 * 1024;

/** With what it printed now. Throws `RangeError` for what no engine of ours says. */
export function printedBy(shown: ShownSoFar | null, channel: unknown, text: unknown): ShownSoFar {
  if ((channel !== 0 && channel !== 1) || typeof text !== "string") {
    throw new RangeError("the engine printed what is no text, or to a channel that there is not");
  }
  const before = shown ?? NOTHING;
  const name = channel === 0 ? "stdout" : "stderr";
  return { ...before, [name]: (before[name] + text).slice(0, LIMIT) };
}

/** With what it published now. Throws `RangeError` where that are no bytes. */
export function publishedBy(shown: ShownSoFar | null, data: unknown): ShownSoFar {
  if (!(data instanceof Uint8Array)) throw new RangeError("the engine published what are no bytes");
  return { ...shown ?? NOTHING, data };
}
