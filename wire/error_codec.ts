/**
 * Whatever a program may throw, as bytes, and back.
 *
 * Encoding never fails: a task that failed must be able to say so. What can't travel in an error (a socket among its
 * properties, a cause that leads back to itself) becomes a string that describes it. Called by engine, actors, client.
 * @module
 */
import { describe } from "./unfit_value.ts";
import { RemoteError } from "./errors.ts";
import type { EncodeSpecial } from "./special_forms.ts";
import { decodeValue, encodeLeniently, encodeValue } from "./value_codec.ts";

/** Where an error came from. */
export interface ErrorOrigin {
  readonly engineId?: number | null;
  readonly msgId?: string | null;
}

/** Encodes what was thrown, error or not. Never throws. `special`: where whoever decodes it knows such forms. */
export function encodeError(error: unknown, special: EncodeSpecial | null = null): Uint8Array {
  try {
    return encodeLeniently(error, special);
  } catch {
    // A getter of it threw, or it is a proxy that does.
    return encodeValue(new Error(summaryOf(error)));
  }
}

/** What was thrown: an error has its class where it is a known one. Throws `SerializationError` for other bytes. */
export function decodeError(bytes: Uint8Array): unknown {
  return decodeValue(bytes);
}

/**
 * The error a caller sees for one that was thrown elsewhere: `cause` is that error itself, the message contains its
 * name and message, the stack is the remote one. Throws `SerializationError` for bytes that are none.
 */
export function toRemoteError(bytes: Uint8Array, origin: ErrorOrigin = {}): RemoteError {
  const cause = decodeError(bytes);
  const isError = cause instanceof Error;
  const remoteName = isError ? cause.name : typeof cause;
  const remoteStack = isError ? cause.stack ?? "" : "";
  const what = isError ? nameAndMessage(cause) : describe(cause);
  const error = new RemoteError(`${placeOf(origin)} threw ${what}`, {
    remoteName,
    remoteStack,
    engineId: origin.engineId ?? null,
    msgId: origin.msgId ?? null,
    cause,
  });
  error.stack = `${error.name}: ${error.message}${framesOf(remoteStack)}`;
  return error;
}

function nameAndMessage(error: Error): string {
  return error.message === "" ? error.name : `${error.name}: ${error.message}`;
}

function placeOf({ engineId, msgId }: ErrorOrigin): string {
  const task = msgId === null || msgId === undefined ? "" : `Task "${msgId}"`;
  const engine = engineId === null || engineId === undefined ? "" : `engine ${engineId}`;
  if (task !== "") return engine === "" ? task : `${task} on ${engine}`;
  return engine === "" ? "The other side" : `Engine ${engineId}`;
}

/** The lines below the head of a stack: the head repeats name and message. */
function framesOf(stack: string): string {
  const start = stack.search(/^\s+at /m);
  if (start < 0) return "";
  return `\n${stack.slice(start).replace(/^\n+/, "")}`;
}

function summaryOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return describe(error);
  }
}
