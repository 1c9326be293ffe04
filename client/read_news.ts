/**
 * Checks what hosts tell a client of its tasks: what these show on their way, and where those of the scheme `pure` are.
 *
 * Pure. What isn't ours throws `SerializationError` before anything is done. Called by `session.ts`.
 * @module
 */
import { NEWS, type NewsMessage, type ResultPiece, type TakenMessage } from "../protocol/messages.ts";
import { isContentHash } from "../wire/content_hash.ts";
import { areNestedLines } from "../wire/nested_lines.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";

/** Which engine took which tasks. */
export function readTaken(message: unknown): readonly TakenMessage[] {
  if (!isArray(message, 0) || !message.every(isTaken)) throw malformedMessage("taken", message);
  return message;
}

/** A piece of a big result. */
export function readResultPiece(message: unknown): ResultPiece {
  if (!isArray(message, 5) || !isPiece(message)) throw malformedMessage("piece of a result", message);
  return message;
}

/** What tasks show. Rows of a kind that is not known here are left out: a newer host may send some. */
export function readNews(message: unknown): readonly NewsMessage[] {
  if (!isArray(message, 0) || !message.every(isOfTask)) throw malformedMessage("news", message);
  return message.filter(isNews);
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

function isPiece(message: readonly unknown[]): message is ResultPiece {
  const [counter, total, offset, bytes, hash] = message;
  if (!isCount(counter) || !isCount(total) || !isCount(offset) || !(bytes instanceof Uint8Array)) return false;
  return offset + bytes.length <= total && (hash === null || isContentHash(hash));
}

/** Of an attempt of a task. */
function isOfTask(row: unknown): row is readonly unknown[] {
  return isArray(row, 5) && isCount(row[0]) && isCount(row[1]) && isText(row[2]) && isCount(row[3]);
}

function isNews(row: readonly unknown[]): row is NewsMessage {
  const [, , , , kind, first, second, third] = row;
  switch (kind) {
    case NEWS.printed:
      return (first === 0 || first === 1) && isText(second) && isCount(third);
    case NEWS.published:
      return first instanceof Uint8Array;
    case NEWS.progress:
      return typeof first === "number" && first >= 0 && first <= 1 && (second === null || isText(second));
    case NEWS.nested:
      return areNestedLines(first);
    default:
      return false;
  }
}
