/**
 * Arguments and replies on their way to another node: as they are, or encoded where plain MessagePack would bend them.
 *
 * `plain` trusts its users to send only what MessagePack takes, and costs nothing; `value` takes all values that tasks
 * may have too. What arrives says itself which it is. Used by `peers.ts`.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import { decodeValue, encodeValue } from "../wire/value_codec.ts";
import type { SentArguments } from "./actor_message.ts";

/** `plain`: numbers, strings, booleans, `null`, bytes, arrays, plain objects. `value`: anything that can be copied. */
export type CodecName = "plain" | "value";

export function encodeArguments(codec: CodecName, args: readonly unknown[]): SentArguments {
  if (codec === "plain" || args.every(isPlain)) return args;
  return encodeValue(args);
}

/** Throws `SerializationError` for bytes that are not ours. */
export function decodeArguments(sent: SentArguments): readonly unknown[] {
  if (!(sent instanceof Uint8Array)) return sent;
  const args = decodeValue(sent);
  if (!Array.isArray(args)) throw new SerializationError("Cannot read the arguments of a message: they are not a list");
  return args;
}

/** MessagePack keeps these exactly. It does not keep `-0` and `undefined`. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return !Object.is(value, -0);
    default:
      return value === null;
  }
}
