/**
 * Users' values as bytes: arguments, captures, results.
 *
 * Takes all that structured clone takes except cycles, and also `Error` with its class and cause, and `URL`. What comes
 * out shares nothing with what went in. What changes on the way: references to one object become copies of it; holes in
 * arrays become `undefined`; properties of an array beside its items, symbol keys and prototypes of `null` are lost; a
 * view of a buffer brings its own part alone, a `Buffer` comes out as `Uint8Array`; `lastIndex` of a RegExp is 0.
 * MessagePack underneath, extensions in `value_extensions.ts`. Called by client and engine, never by the scheduler.
 * @module
 */
import { Decoder, Encoder, ExtData, type ExtensionCodecType } from "../deps/msgpack.ts";
import { SerializationError } from "./errors.ts";
import { KeptCodec } from "./kept_codec.ts";
import { HAS_BINARY, HAS_MARK, scanMessage } from "./message_scan.ts";
import { BLOCK_EXTENSION, type EncodedValue, LONG_BLOCK_BYTES, ScatteredValue } from "./scattered_value.ts";
import type { DecodeSpecial, EncodeSpecial } from "./special_forms.ts";
import { decodeBuffer, decodeExtension } from "./value_extensions.ts";
import { reviveMarks } from "./value_revive.ts";
import { MAX_VALUE_DEPTH, ValueWalk } from "./value_walk.ts";

/** How to encode. */
export interface EncodeOptions {
  /** What error messages call the value: the `args` in `args[0].a.b`. Default `value`. */
  readonly root?: string;
  /** What stands for functions and for objects of other classes; absent: they can't travel. */
  readonly special?: EncodeSpecial | null;
}

/** How to decode. */
export interface DecodeOptions {
  /** What such forms make; absent: a value with one in it can't be decoded. */
  readonly special?: DecodeSpecial | null;
  /** Nobody else reads the encoded value afterwards: what lies in memory of its own need not be copied. Default false. */
  readonly handOver?: boolean;
}

/** Containers of MessagePack below one level of a value: an error has its extras one level further down. */
const LEVELS_PER_LEVEL = 2;
const MAX_DEPTH = MAX_VALUE_DEPTH * LEVELS_PER_LEVEL + 1;

/** Values with more than this in buffers and strings get an encoder of their own. */
const BIG_BYTES = 16 * 1024;

const NO_BYTES = new Uint8Array(0);

const EXTENSIONS: ExtensionCodecType<undefined> = {
  tryToEncode: (object) => object instanceof ExtData ? object : null,
  decode: decodeExtension,
};

const valueCodec = new KeptCodec(EXTENSIONS, MAX_DEPTH);

/**
 * Encodes a value; the bytes belong to the caller.
 * Throws `SerializationError` with the path for cycles, functions, symbols, promises, instances of other classes, and
 * nesting past 1,000 levels.
 *
 * @example
 * ```ts
 * import { decodeValue, encodeValue } from "./value_codec.ts";
 *
 * const bytes = encodeValue({ when: new Date(0), big: 2n ** 100n, none: undefined });
 * console.log(decodeValue(bytes)); // the same again
 * ```
 */
export function encodeValue(value: unknown, options?: EncodeOptions): Uint8Array {
  const root = options?.root ?? "value";
  return encodeWalked(value, new ValueWalk(root, false, options?.special ?? null), root);
}

/** Encodes the arguments of a call: errors name them `args[0]`. */
export function encodeArguments(args: readonly unknown[], special: EncodeSpecial | null = null): Uint8Array {
  return encodeValue(args, { root: "args", special });
}

/** For `error_codec.ts`: what can't travel becomes a string that describes it. Getters may still throw. */
export function encodeLeniently(value: unknown, special: EncodeSpecial | null = null): Uint8Array {
  return encodeWalked(value, new ValueWalk("error", true, special), "error");
}

/**
 * The parts of what `encodeValue` makes. Those of long typed arrays and buffers are the caller's own memory: they have to
 * be used before anybody changes them. Throws as `encodeValue` does.
 */
export function encodeParts(value: unknown, options?: EncodeOptions): readonly Uint8Array[] {
  const root = options?.root ?? "value";
  return withReason(root, () => {
    const walk = new ValueWalk(root, false, options?.special ?? null);
    const walked = walk.visit(value);
    return walk.bulk < LONG_BLOCK_BYTES ? [encodeBulk(walked, walk.bulk)] : encodeApart(walked);
  });
}

/**
 * Decodes what `encodeValue` made. Typed arrays are aligned and share nothing with `bytes`, unless these are handed over.
 * Throws `SerializationError` for anything else; safe for bytes from anywhere.
 */
export function decodeValue(bytes: EncodedValue, options?: DecodeOptions): unknown {
  const scattered = bytes instanceof ScatteredValue;
  const encoded = scattered ? bytes.skeleton : bytes;
  const found = scanMessage(encoded, MAX_DEPTH);
  if ((found & HAS_BINARY) !== 0) {
    throw new SerializationError(
      "Cannot decode the value: there is plain binary in it, which encodeValue never writes.",
    );
  }
  try {
    // What a mark makes may be refused and made again, or look at its parts: it gets copies.
    const handOver = options?.handOver === true && (found & HAS_MARK) === 0;
    const value = scattered ? decodeScattered(bytes, handOver) : valueCodec.decode(encoded);
    return (found & HAS_MARK) !== 0 ? reviveMarks(value, options?.special ?? null) : value;
  } catch (cause) {
    // The second is what a name that is not there makes of a reference.
    if (cause instanceof SerializationError || cause instanceof ReferenceError) throw cause;
    throw new SerializationError(`Cannot decode the value: ${(cause as Error).message}.`, { cause });
  }
}

/** Each block is given out once: two that name the same one are not ours. */
function decodeScattered(value: ScatteredValue, handOver: boolean): unknown {
  value.use(handOver);
  let next = 0;
  const decode = (data: Uint8Array, type: number) => {
    if (type !== BLOCK_EXTENSION) return decodeExtension(data, type);
    const block = value.blocks[next];
    const index = data.length === 4 ? new DataView(data.buffer, data.byteOffset).getUint32(0) : -1;
    if (block === undefined || index !== next++) {
      throw new SerializationError("Cannot decode the value: it has a part that never travels.");
    }
    return decodeBuffer(handOver ? block.bytes.buffer : block.bytes.buffer.slice(0), block.type);
  };
  return new Decoder({ extensionCodec: { tryToEncode: () => null, decode } }).decode(value.skeleton);
}

function encodeWalked(value: unknown, walk: ValueWalk, root: string): Uint8Array {
  return withReason(root, () => {
    const walked = walk.visit(value);
    return encodeBulk(walked, walk.bulk);
  });
}

function encodeBulk(walked: unknown, bulk: number): Uint8Array {
  if (bulk < BIG_BYTES) return valueCodec.encode(walked);
  return valueCodec.encodeBig(walked, Math.ceil(bulk * 1.125) + BIG_BYTES);
}

/** Long extensions are encoded without their content, which is put between in the end. */
function encodeApart(walked: unknown): readonly Uint8Array[] {
  const blocks: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const apart = ({ type, data }: ExtData) =>
    new ExtData(type, (at) => {
      const bytes = data as Uint8Array;
      // What other threads may write is taken as it is now.
      blocks.push({ at, bytes: bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes) });
      return NO_BYTES;
    });
  const tryToEncode = (object: unknown) => {
    if (!(object instanceof ExtData)) return null;
    return object.data.length < LONG_BLOCK_BYTES ? object : apart(object);
  };
  const encoder = new Encoder({ extensionCodec: { tryToEncode, decode: decodeExtension }, maxDepth: MAX_DEPTH });
  const bytes = encoder.encodeSharedRef(walked);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const block of blocks) {
    // The head ends with the length, in four bytes, and the number of the extension.
    new DataView(bytes.buffer).setUint32(block.at - 5, block.bytes.length);
    parts.push(bytes.subarray(from, block.at), block.bytes);
    from = block.at;
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  return parts;
}

function withReason<Result>(root: string, encode: () => Result): Result {
  try {
    return encode();
  } catch (cause) {
    if (cause instanceof SerializationError) throw cause;
    throw new SerializationError(`Cannot serialize ${root}: ${reasonOf(cause)}.`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError && cause.message.startsWith("Maximum call stack")) {
    return "it is nested too deep for the stack that is left here; flatten it, for example a linked list to an array";
  }
  return cause instanceof Error ? cause.message : "reading one of its properties threw";
}
