/**
 * Plain MessagePack for messages of our own: arrays, strings, numbers, booleans, null, bytes, plain objects.
 *
 * On the path of every message, so nothing here walks the value twice. Not for users' values: it knows no `Map`, no
 * `Date`, no `bigint` (`value_codec.ts` does). Called by links and by the pipe between host and engine.
 * @module
 */
import { Decoder, Encoder, type ExtensionCodecType } from "../deps/msgpack.ts";
import { ByteSlab } from "./byte_slab.ts";
import { SerializationError } from "./errors.ts";
import { scanMessage } from "./message_scan.ts";

/** How deep a frame may be nested. */
export const MAX_FRAME_DEPTH = 100;

/** An encoder that has grown past this, or a decoder that still holds such an input, is not kept. */
const KEPT_BUFFER_BYTES = 4 * 1024 * 1024;

/** No extensions in frames: saves the search for one at every object. */
const NO_EXTENSIONS: ExtensionCodecType<undefined> = {
  tryToEncode: () => null,
  decode(_data, type) {
    throw new Error(`extension ${type} is not part of any message`);
  },
};

class FrameCodec {
  #encoder = newEncoder();
  #decoder = newDecoder();
  readonly #slab = new ByteSlab();

  encode(value: unknown): Uint8Array {
    const bytes = this.#slab.copy(this.#encoder.encodeSharedRef(value));
    if (bytes.length > KEPT_BUFFER_BYTES) this.#encoder = newEncoder();
    return bytes;
  }

  decode(bytes: Uint8Array): unknown {
    const value = this.#decoder.decode(bytes);
    if (bytes.length > KEPT_BUFFER_BYTES) this.#decoder = newDecoder();
    return value;
  }
}

const frameCodec = new FrameCodec();

/**
 * Encodes a message; the bytes belong to the caller. `undefined` becomes `null`.
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

function newEncoder(): Encoder<undefined> {
  return new Encoder({ extensionCodec: NO_EXTENSIONS, maxDepth: MAX_FRAME_DEPTH, initialBufferSize: 16 * 1024 });
}

function newDecoder(): Decoder<undefined> {
  return new Decoder({ extensionCodec: NO_EXTENSIONS });
}
