/**
 * What a direct task's attempt makes of the task: there is no scheduler to decide, and no second attempt.
 *
 * Pure. Called by the host's actor.
 * @module
 */
import type { AttemptOutcome, TaskOutcome } from "../protocol/outcome.ts";
import type { EngineRun } from "./engine_run.ts";

/** The outcome that goes to the client. */
export function directOutcome(run: EngineRun, outcome: AttemptOutcome): TaskOutcome {
  switch (outcome.kind) {
    case "done":
      return outcome;
    case "threw":
      return outcome;
    case "declined":
      // Nobody else could run it: the error goes to the client.
      return { kind: "threw", error: outcome.error };
    case "engine-died":
      return { kind: "failed", error: { name: "EngineError", message: diedMessage(run, outcome.message) } };
    case "host-failed":
      return {
        kind: "failed",
        error: { name: "EngineError", message: `Cannot finish task ${place(run)}: ${outcome.message}` },
      };
    case "timed-out":
      return {
        kind: "failed",
        error: { name: "TaskTimeout", message: `Cannot finish task ${place(run)}: ${outcome.message}` },
      };
    case "aborted":
      return { kind: "failed", error: { name: "TaskAborted", message: `Task "${run.task}" was aborted.` } };
    case "returned":
      return { kind: "failed", error: { name: "EngineError", message: goneMessage(run) } };
  }
}

function place({ task, engine }: EngineRun): string {
  return `"${task}" on engine ${engine}`;
}

function diedMessage(run: EngineRun, reason: string): string {
  if (run.origin.kind === "pure") {
    return `Cannot finish task "${run.task}": engine ${run.engine}, which had taken it, died (${reason}); with the scheme ` +
      `"pure" nobody runs it again, so submit it again where that does no harm`;
  }
  return `Cannot finish task "${run.task}": engine ${run.engine} died while it ran (${reason})`;
}

function goneMessage(run: EngineRun): string {
  return `Cannot run task ${place(run)}: that engine was stopped, or is not on this host; ` +
    `see client.ids for those that are there`;
}
