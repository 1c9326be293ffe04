/**
 * How a run on an engine ended, and what it left behind, as the host keeps and reports it.
 *
 * Types and small makers, pure. Used by all that handles runs here.
 * @module
 */
import { RAN, type RanCode } from "../protocol/pipe_messages.ts";
import type { AttemptOutcome } from "../protocol/outcome.ts";
import type { Payload } from "../protocol/task_spec.ts";
import type { SentRun } from "./sent_runs.ts";

/** The end of one run. Times in ms. */
export interface RunEnd {
  readonly outcome: AttemptOutcome;
  /** From start to end on the engine; 0 where it never started. */
  readonly runMs: number;
  /** When it ended, by the host's monotonic clock. */
  readonly endedAtMs: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What it published last, where it did. */
  readonly data?: Uint8Array;
}

/** An end without output, decided by the host. */
export function endWith(outcome: AttemptOutcome, endedAtMs: number, runMs = 0): RunEnd {
  return { outcome, runMs, endedAtMs, stdout: "", stderr: "" };
}

/** What an engine's word makes of a run. One that was to be aborted is aborted, whatever it came to. */
export function outcomeOf(code: RanCode, payload: Payload, aborted: boolean): AttemptOutcome {
  if (aborted) return { kind: "aborted" };
  if (code === RAN.done) return { kind: "done", value: payload };
  if (code === RAN.dropped) return { kind: "returned" };
  return { kind: code === RAN.declined ? "declined" : "threw", error: payload };
}

/** What it came to can't be kept here. */
export function hostFailed({ message }: Error, aborted: boolean): AttemptOutcome {
  return aborted ? { kind: "aborted" } : { kind: "host-failed", message };
}

/** Why a process is ended for a running task, and what that makes of the task. */
export interface TimeUp {
  readonly verdict: AttemptOutcome;
  readonly reason: string;
}

/** Past the grace of its abort, or past its `maxRuntime`. */
export function timeIsUp({ run, abortedAtMs }: SentRun, graceMs: number): TimeUp {
  const task = `task "${run.task}" (${run.template.name})`;
  if (abortedAtMs !== null) {
    return { verdict: { kind: "aborted" }, reason: `${task} was aborted and did not end within ${graceMs} ms` };
  }
  const excess = `ran longer than its maxRuntime of ${run.template.flags.maxRuntimeMs} ms`;
  const message = `it ${excess}; its engine's process was ended`;
  return { verdict: { kind: "timed-out", message }, reason: `${task} ${excess}` };
}

/** What the end of the process makes of a run that ran there; `reason` says why the process ended. */
export function deathOf({ verdict, abortedAtMs }: SentRun, reason: string): AttemptOutcome {
  if (abortedAtMs !== null) return { kind: "aborted" };
  return verdict ?? { kind: "engine-died", message: reason };
}
