/**
 * How long a message will be on the wire, nearly, and whether it can travel at all: without encoding it.
 *
 * Lets `send` refuse a bad message at once and count what is queued, while the encoding waits until the whole turn is
 * one frame. Called for every message, so it allocates nothing.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import { MAX_FRAME_DEPTH } from "../wire/frame_codec.ts";
import type { LinkMessage } from "./link_port.ts";

/** Levels that the frame around a message takes. */
const FRAME_LEVELS = 2;

/** About the bytes of `message` when encoded. Throws `SerializationError` for what no frame can carry. */
export function frameSize(message: LinkMessage): number {
  return sizeOf(message, FRAME_LEVELS);
}

function sizeOf(value: unknown, depth: number): number {
  switch (typeof value) {
    case "string":
      return value.length + 3;
    case "number":
      return Number.isInteger(value) ? 5 : 9;
    case "boolean":
    case "undefined":
      return 1;
    case "object":
      return value === null ? 1 : sizeOfObject(value, depth + 1);
    default:
      throw new SerializationError(
        `Cannot send the message: it contains a ${typeof value}; encode it with encodeValue first.`,
      );
  }
}

function sizeOfObject(value: object, depth: number): number {
  if (ArrayBuffer.isView(value)) return sizeOfBytes(value.byteLength);
  if (depth > MAX_FRAME_DEPTH) {
    throw new SerializationError(
      `Cannot send the message: it is nested more than ${MAX_FRAME_DEPTH - FRAME_LEVELS} levels deep; encode it first.`,
    );
  }
  let size = 3;
  if (Array.isArray(value)) {
    for (const item of value) size += sizeOf(item, depth);
    return size;
  }
  for (const key in value) {
    size += key.length + 3 + sizeOf((value as Readonly<Record<string, unknown>>)[key], depth);
  }
  return size;
}

function sizeOfBytes(byteLength: number): number {
  if (byteLength < 2 ** 32) return byteLength + 5;
  throw new SerializationError(
    `Cannot send the message: ${byteLength} bytes in one piece are too many; cut them below 4 GiB.`,
  );
}
