/** Runs of an engine for tests that need no pipe. @module */
import { TaskRun, type Template } from "../../../engine/task_run.ts";
import type { ContentHash, TaskId } from "../../../protocol/ids.ts";
import { encodeArguments } from "../../../wire/value_codec.ts";

export function template(source: string): Template {
  return { code: "ab".repeat(32) as ContentHash, name: "f", source, captures: null, factory: null, waits: false };
}

/** One that runs, as far as it says. */
export function runningRun(number = 1): TaskRun {
  const args = encodeArguments([]);
  const run = new TaskRun([number, 1, args, `s-${number}` as TaskId, 1], template("() => 1"), args);
  run.state = "running";
  return run;
}

/** The parts of a result as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
