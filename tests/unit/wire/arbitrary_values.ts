/**
 * Generated values and bytes for the property tests of the codecs.
 *
 * Tests only: what users may send, nested in any way, and bytes that nobody's encoder made.
 * @module
 */
import { fc } from "../../../deps/fast_check.ts";

/** How often the ordinary properties are tried; fast-check prints the seed with a counterexample. */
export const RUNS = { numRuns: 300 };

const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
] as const;

/** Some bytes, as a view into a bigger buffer, as they come from a socket. */
export const someBytes: fc.Arbitrary<Uint8Array> = fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.nat(7)).map(
  ([bytes, before]) => {
    const buffer = new Uint8Array(bytes.length + before + 5).fill(0xff);
    buffer.set(bytes, before);
    return buffer.subarray(before, before + bytes.length);
  },
);

/** A typed array of any class, a window of a bigger buffer at an aligned place. */
export const typedArray: fc.Arbitrary<ArrayBufferView> = fc.tuple(
  fc.constantFrom(...TYPED_ARRAYS),
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(3),
).map(([Class, bytes, before]) => {
  const size = Class.BYTES_PER_ELEMENT;
  const length = Math.floor(bytes.length / size);
  const buffer = new ArrayBuffer((before + length + 1) * size);
  new Uint8Array(buffer).set(bytes.subarray(0, length * size), before * size);
  return new Class(buffer, before * size, length);
});

/** Strings of any UTF-16 code units, lone surrogates among them. */
export const anyString: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe00f }), { maxLength: 80 }).map((units) => String.fromCharCode(...units)),
);

const key = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "toString", "0", "7", "length", "\ud800") },
);

const regExp = fc.constantFrom(/a\/b/, /^[\u2028\n"]$/gimsuy, /x/v, new RegExp(""), /(?<year>\d{4})/d);

const url = fc.webUrl({ withFragments: true, withQueryParameters: true }).map((text) => new URL(text));

/** Everything that holds no other value. */
export const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(undefined, null, true, false, 0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 64, 5e-324),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  anyString,
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc.constantFrom(2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n),
  fc.date({ noInvalidDate: true }),
  regExp,
  url,
  typedArray,
  fc.uint8Array({ maxLength: 9 }).map((bytes) => new DataView(bytes.slice().buffer)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => bytes.slice().buffer),
  fc.constantFrom(Object(1), Object(-0), Object(NaN), Object("text"), Object(true), Object(7n)),
);

const BUILT_IN_ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

function withExtras<E extends Error>(error: E, extras: Record<string, unknown>): E {
  for (const [name, value] of Object.entries(extras)) {
    Object.defineProperty(error, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return error;
}

const NO_CAUSE = Symbol("no cause");

/** Any value that may travel, nested in any way. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const inner = tie("value");
  const extras = fc.dictionary(fc.constantFrom("code", "status", "details"), inner, { maxKeys: 2 });
  const error = fc.tuple(fc.constantFrom(...BUILT_IN_ERRORS), anyString, extras, fc.option(inner, { nil: NO_CAUSE }))
    .map(([Class, message, own, cause]) =>
      withExtras(cause === NO_CAUSE ? new Class(message) : new Class(message, { cause }), own)
    );
  return {
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      leaf,
      fc.array(inner, { maxLength: 5 }),
      fc.array(fc.tuple(key, inner), { maxLength: 5 }).map(objectOf),
      fc.array(fc.tuple(leaf, inner), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(leaf, { maxLength: 4 }).map((items) => new Set(items)),
      error,
      fc.tuple(fc.array(error, { maxLength: 3 }), anyString).map(([errors, text]) => new AggregateError(errors, text)),
    ),
  };
}).value;

/** Defines, so that `__proto__` is a property like any other. */
function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return object;
}

/** What our own messages are made of. */
export const plainValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(null, true, false, NaN, Infinity, 2 ** 53, 2 ** 64),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: false }).map((number) => number === 0 ? 0 : number),
    fc.string({ unit: "grapheme" }),
    someBytes,
    fc.array(tie("value"), { maxLength: 6 }),
    fc.dictionary(fc.string({ maxLength: 8 }).filter((name) => name !== "__proto__"), tie("value"), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value;

/** Bytes with a taste for the heads of MessagePack that promise much. */
export const hostileBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.oneof(fc.integer({ min: 0x80, max: 0xdf }), fc.integer({ min: 0, max: 127 }), fc.constant(0xff)), {
    maxLength: 200,
  }).map((bytes) => Uint8Array.from(bytes)),
);

/** Some changes to bytes that were good: overwritten, cut or repeated. */
export function mutated(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(10_000), fc.integer({ min: 0, max: 255 }));
  return fc.tuple(good, fc.array(change, { maxLength: 4 }), fc.nat(10_000), fc.boolean()).map(
    ([bytes, changes, end, isCut]) => {
      const copy = isCut && bytes.length > 0 ? bytes.slice(0, end % bytes.length) : bytes.slice();
      for (const [place, byte] of changes) if (copy.length > 0) copy[place % copy.length] = byte;
      return copy;
    },
  );
}
