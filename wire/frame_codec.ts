/**
 * Plain MessagePack for messages of our own: arrays, strings, numbers, booleans, null, bytes, plain objects.
 *
 * On the path of every message, so nothing here walks the value twice. Not for users' values: it knows no `Map`, no
 * `Date`, no `bigint` (`value_codec.ts` does). Called by links and by the pipe between host and engine.
 * @module
 */
import type { ExtensionCodecType } from "../deps/msgpack.ts";
import { SerializationError } from "./errors.ts";
import { KeptCodec } from "./kept_codec.ts";
import { scanMessage } from "./message_scan.ts";

/** How deep a frame may be nested. */
export const MAX_FRAME_DEPTH = 100;

/** No extensions in frames: saves the search for one at every object. */
const NO_EXTENSIONS: ExtensionCodecType<undefined> = {
  tryToEncode: () => null,
  decode(_data, type) {
    throw new Error(`extension ${type} is not part of any message`);
  },
};

const frameCodec = new KeptCodec(NO_EXTENSIONS, MAX_FRAME_DEPTH);

/**
 * Encodes a message; the bytes belong to the caller. `undefined` becomes `null`, `-0` becomes `0`.
 * Throws `SerializationError` for functions, symbols, bigints and nesting past `MAX_FRAME_DEPTH`.
 *
 * @example
 * ```ts
 * import { decodeFrame, encodeFrame } from "./frame_codec.ts";
 *
 * console.log(decodeFrame(encodeFrame(["ping", 1]))); // [ "ping", 1 ]
 * ```
 */
export function encodeFrame(value: unknown): Uint8Array {
  try {
    return frameCodec.encode(value);
  } catch (cause) {
    throw new SerializationError(`Cannot encode the message: ${(cause as Error).message}.`, { cause });
  }
}

/**
 * Decodes one message, which must fill the bytes. Byte values in it are views of `bytes`.
 * Throws `SerializationError` for anything that is not MessagePack; safe for bytes from anywhere.
 */
export function decodeFrame(bytes: Uint8Array): unknown {
  scanMessage(bytes, MAX_FRAME_DEPTH);
  try {
    return frameCodec.decode(bytes);
  } catch (cause) {
    throw new SerializationError(`Cannot decode the bytes: ${(cause as Error).message}.`, { cause });
  }
}
