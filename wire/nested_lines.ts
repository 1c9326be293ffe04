/**
 * Checks lines that tasks of a task printed, wherever they arrive on their way to the client that began it all.
 *
 * Pure. Called by host and client.
 * @module
 */
import type { NestedLine } from "../protocol/messages.ts";
import { isArray, isCount, isText } from "./message_checks.ts";

/** Whether it is a list of them. */
export function areNestedLines(value: unknown): value is readonly NestedLine[] {
  return isArray(value, 0) && value.every(isLine);
}

function isLine(line: unknown): line is NestedLine {
  if (!isArray(line, 6)) return false;
  const [msgId, engine, attempt, label, channel, text] = line;
  return isText(msgId) && (engine === null || isCount(engine)) && isCount(attempt) &&
    (label === null || isText(label)) && (channel === 0 || channel === 1) && (text === null || isText(text));
}
