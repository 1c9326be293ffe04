/**
 * How a run on an engine ended, and what it left behind, as the host keeps and reports it.
 *
 * Types and small makers. Used by all that handles runs here.
 * @module
 */
import type { AttemptOutcome } from "../protocol/outcome.ts";

/** The end of one run. Times in ms. */
export interface RunEnd {
  readonly outcome: AttemptOutcome;
  /** From start to end on the engine; 0 where it never started. */
  readonly runMs: number;
  /** When it ended, by the host's monotonic clock. */
  readonly endedAtMs: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An end without output, decided by the host. */
export function endWith(outcome: AttemptOutcome, endedAtMs: number, runMs = 0): RunEnd {
  return { outcome, runMs, endedAtMs, stdout: "", stderr: "" };
}
