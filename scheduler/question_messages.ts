/**
 * Checks what clients ask the scheduler about its tasks.
 *
 * Translates and checks; what isn't a question throws `SerializationError`, which its caller sees. Used by the shell.
 * @module
 */
import type { ContentHash, EngineId, TaskId } from "../protocol/ids.ts";
import type { PurgeMessage } from "../protocol/records.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";
import type { SchedulerCore } from "./core/scheduler_core.ts";

/** A list of task ids. */
export function idsOf(message: unknown, what: string): readonly TaskId[] {
  if (!isArray(message, 0) || !message.every(isText)) throw malformedMessage(what, message);
  return message as readonly TaskId[];
}

/** One task id, or what somebody takes for one. */
export function idOf(message: unknown, what: string): TaskId {
  if (!isText(message)) throw malformedMessage(what, message);
  return message as TaskId;
}

/** A list of engines; `null`: all. */
export function targetsOf(message: unknown): readonly EngineId[] | null {
  if (message === null) return null;
  if (!isArray(message, 0) || !message.every(isCount)) throw malformedMessage("queue status", message);
  return message as readonly EngineId[];
}

/** A list of hashes of code. */
export function hashesOf(message: unknown): readonly ContentHash[] {
  if (!isArray(message, 0) || !message.every(isText)) throw malformedMessage("codes", message);
  return message as readonly ContentHash[];
}

/** What stands in the way of forgetting these tasks. One that is forgotten already is no obstacle. */
export function purgeObstacles(core: SchedulerCore, ids: readonly TaskId[]): PurgeMessage {
  const pending: TaskId[] = [];
  const unknown: TaskId[] = [];
  for (const id of ids) {
    const status = core.statusOf(id);
    if (status === "unknown") unknown.push(id);
    else if (status === "waiting" || status === "ready" || status === "running") pending.push(id);
  }
  return [pending, unknown];
}
