/**
 * Checks what hosts tell a client of its tasks in the scheme `pure`.
 *
 * Pure. What isn't ours throws `SerializationError` before anything is done. Called by `session.ts`.
 * @module
 */
import type { TakenMessage } from "../protocol/messages.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";

/** Which engine took which tasks. */
export function readTaken(message: unknown): readonly TakenMessage[] {
  if (!isArray(message, 0) || !message.every(isTaken)) throw malformedMessage("taken", message);
  return message;
}

/** Counters of tasks. */
export function readCounters(message: unknown): readonly number[] {
  if (!isArray(message, 0) || !message.every(isCount)) throw malformedMessage("returned", message);
  return message;
}

function isTaken(message: unknown): message is TakenMessage {
  if (!isArray(message, 3) || !isCount(message[0]) || !isText(message[1])) return false;
  return isArray(message[2], 0) && message[2].every(isCount);
}
