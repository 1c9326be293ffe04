/**
 * What MessagePack has no word for, as extensions of it: their numbers, and those that hold bytes and nothing else.
 *
 * Containers and errors are not here: they travel as arrays that begin with a mark (an extension without content), so
 * that deep ones are encoded once and not once per level. Numbers never change. Called by the value codec alone.
 * @module
 */
import { ExtData } from "../deps/msgpack.ts";
import { SerializationError } from "./errors.ts";

/** Extension numbers; those named `mark…` have no content. */
export const EXTENSION = {
  undefined: 1,
  negativeZero: 2,
  bigint: 3,
  date: 4,
  /** A string with a lone surrogate, which UTF-8 can't say: its UTF-16 code units. */
  brokenString: 5,
  arrayBuffer: 6,
  dataView: 7,
  markMap: 32,
  markSet: 33,
  markRegExp: 34,
  markUrl: 35,
  markBoxed: 36,
  markError: 37,
  /** A plain object with a key that MessagePack or its decoder can't take (`__proto__`, a lone surrogate). */
  markObject: 38,
  /** A function, shipped as a value: what its parts are is the affair of client and engine, as for those that follow. */
  markFunction: 48,
  /** An instance of a registered class. */
  markRegistered: 49,
  /** The result of another task, in the arguments of one. */
  markInput: 50,
  /** What an engine holds under a name. */
  markReference: 51,
} as const;

/** The kinds of typed array: the place in this list, from 64, is the extension number. */
const FIRST_TYPED_ARRAY = 64;
const TYPED_ARRAYS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

/** Stands at the head of an array, and says what the array is instead. */
export class Mark {
  readonly type: number;

  constructor(type: number) {
    this.type = type;
  }
}

const NO_BYTES = new Uint8Array(0);
const MARKS: ReadonlyMap<number, Mark> = new Map(
  Object.entries(EXTENSION).filter(([name]) => name.startsWith("mark")).map(([, type]) => [type, new Mark(type)]),
);

/** The encoded forms of what has no content. */
export const ENCODED_UNDEFINED = new ExtData(EXTENSION.undefined, NO_BYTES);
export const ENCODED_NEGATIVE_ZERO = new ExtData(EXTENSION.negativeZero, NO_BYTES);

/** The encoded form of a mark. */
export function encodeMark(type: number): ExtData {
  return new ExtData(type, NO_BYTES);
}

/**
 * Eight bytes where they are enough, else the digits in hexadecimal, the radix that is quick for any size. There are 16
 * or more of them then, so the two can't be confused.
 */
export function encodeBigint(value: bigint): ExtData {
  if (value === BigInt.asIntN(64, value)) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, value);
    return new ExtData(EXTENSION.bigint, bytes);
  }
  return new ExtData(EXTENSION.bigint, new TextEncoder().encode(value.toString(16)));
}

/** Time value as a double: `NaN` is an invalid date. */
export function encodeDate(time: number): ExtData {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, time);
  return new ExtData(EXTENSION.date, bytes);
}

/** For strings that are not well formed. */
export function encodeBrokenString(text: string): ExtData {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index);
  return new ExtData(EXTENSION.brokenString, new Uint8Array(units.buffer));
}

/** Typed arrays (of subclasses too), `DataView` and `ArrayBuffer`: the very bytes, not copied here. */
export function encodeBytes(value: ArrayBufferView | ArrayBuffer): ExtData {
  if (!ArrayBuffer.isView(value)) return new ExtData(EXTENSION.arrayBuffer, new Uint8Array(value));
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof DataView) return new ExtData(EXTENSION.dataView, bytes);
  const kind = TYPED_ARRAYS.indexOf(typedArrayName(value) as typeof TYPED_ARRAYS[number]);
  if (kind < 0) throw new TypeError(`no such typed array is known: ${typedArrayName(value)}`);
  return new ExtData(FIRST_TYPED_ARRAY + kind, bytes);
}

/** Answers from the internal slot, so it is right for subclasses such as `Buffer`, and for other realms. */
const tagOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get;

function typedArrayName(value: ArrayBufferView): string {
  return String(tagOfTypedArray?.call(value));
}

/** The value of an extension. Bytes are copied: what comes out shares nothing with the input, and is aligned. */
export function decodeExtension(data: Uint8Array, type: number): unknown {
  switch (type) {
    case EXTENSION.undefined:
      return undefined;
    case EXTENSION.negativeZero:
      return -0;
    case EXTENSION.bigint:
      return decodeBigint(data);
    case EXTENSION.date:
      return new Date(viewOf(data, 8).getFloat64(0));
    case EXTENSION.brokenString:
      return decodeBrokenString(data);
    case EXTENSION.arrayBuffer:
    case EXTENSION.dataView:
      return decodeBuffer(copyOf(data), type);
  }
  if (type >= FIRST_TYPED_ARRAY) return decodeBuffer(copyOf(data), type);
  const mark = MARKS.get(type);
  if (mark === undefined || data.length > 0) throw unknownExtension(type);
  return mark;
}

function decodeBigint(data: Uint8Array): bigint {
  if (data.length === 8) return viewOf(data, 8).getBigInt64(0);
  const digits = new TextDecoder().decode(data);
  if (!/^-?[0-9a-f]+$/.test(digits)) throw new SerializationError("Cannot decode the value: a bigint has no digits.");
  return digits.startsWith("-") ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

const UNITS_PER_CALL = 8192;

function decodeBrokenString(data: Uint8Array): string {
  const units = new Uint16Array(copyOf(data));
  let text = "";
  for (let start = 0; start < units.length; start += UNITS_PER_CALL) {
    text += String.fromCharCode(...units.subarray(start, start + UNITS_PER_CALL));
  }
  return text;
}

/** The value of an extension with that content. Where it is made of bytes it is made of this very buffer. */
export function decodeBuffer(buffer: ArrayBuffer, type: number): unknown {
  if (type === EXTENSION.arrayBuffer) return buffer;
  if (type === EXTENSION.dataView) return new DataView(buffer);
  if (type >= FIRST_TYPED_ARRAY) return typedArrayOver(buffer, type);
  return decodeExtension(new Uint8Array(buffer), type);
}

type TypedArrayClass = new (buffer: ArrayBuffer) => ArrayBufferView;

function typedArrayOver(buffer: ArrayBuffer, type: number): ArrayBufferView {
  const name = TYPED_ARRAYS[type - FIRST_TYPED_ARRAY];
  if (name === undefined) throw unknownExtension(type);
  const Class = (globalThis as unknown as Record<string, TypedArrayClass | undefined>)[name];
  if (Class === undefined) {
    throw new SerializationError(`Cannot decode the value: this runtime has no ${name}; send a Float32Array instead.`);
  }
  return new Class(buffer);
}

function viewOf(data: Uint8Array, length: number): DataView {
  if (data.length !== length) {
    throw new SerializationError(`Cannot decode the value: ${length} bytes were wanted, ${data.length} are there.`);
  }
  return new DataView(data.buffer, data.byteOffset, length);
}

function copyOf(data: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(data.length);
  copy.set(data);
  return copy.buffer;
}

function unknownExtension(type: number): SerializationError {
  return new SerializationError(
    `Cannot decode the value: extension ${type} is not known here; was it encoded by another version?`,
  );
}
