/**
 * What tasks of a task print, as it travels: to the client of the task that submitted them, and from there to whoever
 * that one belongs to, up to the program that began it all.
 *
 * Translates only. Called by `task_tie.ts`, which sends it, and `output_watch.ts`, which takes it.
 * @module
 */
import type { EngineId, TaskId } from "../protocol/ids.ts";
import type { NestedLine } from "../protocol/messages.ts";
import type { Job } from "./job.ts";
import type { OutputLine, OutputListener } from "./output_watch.ts";

/** A line on its way up. */
export function nestedLine({ msgId, engineId, attempt, label, channel, text }: OutputLine): NestedLine {
  return [msgId as TaskId, engineId as EngineId | null, attempt, label, channel === "stdout" ? 0 : 1, text];
}

/** No more lines of that task come. */
export function nestedEnd(msgId: string): NestedLine {
  return [msgId as TaskId, null, 0, null, 0, null];
}

/** Tells a listener what came. `by`: whose task submitted the one that printed it. */
export function tellNested(listener: OutputListener, line: NestedLine, by: Job): void {
  const [msgId, engineId, attempt, label, channel, text] = line;
  if (text === null) listener.ended?.(msgId, by);
  else listener.line({ msgId, engineId, attempt, label, channel: channel === 0 ? "stdout" : "stderr", text }, by);
}
