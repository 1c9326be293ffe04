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
import { ExtData, type ExtensionCodecType } from "../deps/msgpack.ts";
import { SerializationError } from "./errors.ts";
import { KeptCodec } from "./kept_codec.ts";
import { HAS_BINARY, HAS_MARK, scanMessage } from "./message_scan.ts";
import type { DecodeSpecial, EncodeSpecial } from "./special_forms.ts";
import { decodeExtension } from "./value_extensions.ts";
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
}

/** Containers of MessagePack below one level of a value: an error has its extras one level further down. */
const LEVELS_PER_LEVEL = 2;
const MAX_DEPTH = MAX_VALUE_DEPTH * LEVELS_PER_LEVEL + 1;

/** Values with more than this in buffers and strings get an encoder of their own. */
const BIG_BYTES = 16 * 1024;

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
 * Decodes what `encodeValue` made. Typed arrays are aligned copies: nothing refers to `bytes` afterwards.
 * Throws `SerializationError` for anything else; safe for bytes from anywhere.
 */
export function decodeValue(bytes: Uint8Array, options?: DecodeOptions): unknown {
  const found = scanMessage(bytes, MAX_DEPTH);
  if ((found & HAS_BINARY) !== 0) {
    throw new SerializationError(
      "Cannot decode the value: there is plain binary in it, which encodeValue never writes.",
    );
  }
  try {
    const value = valueCodec.decode(bytes);
    return (found & HAS_MARK) !== 0 ? reviveMarks(value, options?.special ?? null) : value;
  } catch (cause) {
    // The second is what a name that is not there makes of a reference.
    if (cause instanceof SerializationError || cause instanceof ReferenceError) throw cause;
    throw new SerializationError(`Cannot decode the value: ${(cause as Error).message}.`, { cause });
  }
}

function encodeWalked(value: unknown, walk: ValueWalk, root: string): Uint8Array {
  try {
    const walked = walk.visit(value);
    const { bulk } = walk;
    return bulk < BIG_BYTES
      ? valueCodec.encode(walked)
      : valueCodec.encodeBig(walked, Math.ceil(bulk * 1.125) + BIG_BYTES);
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
