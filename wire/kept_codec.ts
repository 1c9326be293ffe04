/**
 * One MessagePack encoder and decoder, kept from message to message: making them anew costs more than most messages.
 *
 * Neither keeps the memory of one big message, and what comes out of them never is their own buffer. Called by the two
 * codecs, which say what extensions they know; knows nothing of values.
 * @module
 */
import { Decoder, Encoder, type ExtensionCodecType } from "../deps/msgpack.ts";
import { ByteSlab } from "./byte_slab.ts";

const INITIAL_BUFFER_BYTES = 16 * 1024;
/** An encoder that has grown past this, or a decoder that still holds such an input, is not kept. */
const KEPT_BUFFER_BYTES = 1024 * 1024;

export class KeptCodec {
  readonly #extensions: ExtensionCodecType<undefined>;
  readonly #maxDepth: number;
  readonly #slab = new ByteSlab();
  #encoder: Encoder<undefined>;
  #decoder: Decoder<undefined>;

  constructor(extensions: ExtensionCodecType<undefined>, maxDepth: number) {
    this.#extensions = extensions;
    this.#maxDepth = maxDepth;
    this.#encoder = this.#newEncoder(INITIAL_BUFFER_BYTES);
    this.#decoder = this.#newDecoder();
  }

  /** Bytes that belong to the caller. */
  encode(value: unknown): Uint8Array {
    const bytes = this.#encoder.encodeSharedRef(value);
    if (bytes.length <= KEPT_BUFFER_BYTES) return this.#slab.copy(bytes);
    this.#encoder = this.#newEncoder(INITIAL_BUFFER_BYTES);
    return handOver(bytes);
  }

  /** The same for values known to be big: with room for them from the start, into a buffer that is handed over. */
  encodeBig(value: unknown, expectedBytes: number): Uint8Array {
    return handOver(this.#newEncoder(expectedBytes).encodeSharedRef(value));
  }

  /** The value that fills the bytes. Throws whatever the decoder throws. */
  decode(bytes: Uint8Array): unknown {
    const value = this.#decoder.decode(plainBytes(bytes));
    if (bytes.length > KEPT_BUFFER_BYTES) this.#decoder = this.#newDecoder();
    return value;
  }

  #newEncoder(initialBufferSize: number): Encoder<undefined> {
    return new Encoder({ extensionCodec: this.#extensions, maxDepth: this.#maxDepth, initialBufferSize });
  }

  #newDecoder(): Decoder<undefined> {
    return new Decoder({ extensionCodec: this.#extensions });
  }
}

/** The encoder's own buffer, unless it came out much too big. The encoder must not be used again. */
function handOver(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/** Sockets deliver `Buffer`s, and their `slice()` does not copy: no part of one may get into a message. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
