/** Users' values: what travels comes out as it went in, what can't travel is named. @module */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { runInNewContext } from "node:vm";
import { fc } from "../../../deps/fast_check.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { decodeValue, encodeArguments, encodeValue } from "../../../wire/value_codec.ts";
import { MAX_VALUE_DEPTH } from "../../../wire/value_walk.ts";
import { anyString, anyValue, hostileBytes, leaf, mutated, RUNS, typedArray } from "./arbitrary_values.ts";

function trip<T>(value: T): T {
  return decodeValue(encodeValue(value)) as T;
}

function refusal(encode: () => unknown): string {
  try {
    encode();
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

Deno.test("any leaf comes out as it went in", () => {
  fc.assert(fc.property(leaf, (value) => assert.deepStrictEqual(trip(value), value)), { numRuns: 1_000 });
});

Deno.test("any value comes out as it went in, however nested", () => {
  fc.assert(fc.property(anyValue, (value) => assert.deepStrictEqual(trip(value), value)), { numRuns: 500 });
});

Deno.test("encoding leaves the value as it was", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const before = trip(value);
      encodeValue(value);
      assert.deepStrictEqual(value, before);
    }),
    RUNS,
  );
  const frozen = Object.freeze({ a: Object.freeze([undefined, -0, 1n]) });
  assert.deepStrictEqual(trip(frozen), { a: [undefined, -0, 1n] });
});

Deno.test("signs, kinds and absences of numbers are kept", () => {
  assert.ok(Object.is(trip(-0), -0));
  assert.ok(Object.is(trip([{ a: -0 }])[0]?.a, -0));
  assert.ok(Number.isNaN(trip(NaN)));
  assert.deepStrictEqual(trip({ a: undefined }), { a: undefined });
  assert.ok("a" in trip({ a: undefined }));
  assert.equal(trip(2n ** 5_000n), 2n ** 5_000n);
  assert.equal(trip(-(2n ** 64n)), -(2n ** 64n));
});

Deno.test("an invalid date stays one", () => {
  assert.ok(Number.isNaN(trip(new Date(NaN)).getTime()));
});

Deno.test("strings with lone surrogates are kept to the code unit, as keys too", () => {
  fc.assert(fc.property(anyString, (text) => assert.equal(trip(text), text)), RUNS);
  const long = "\udfff".repeat(100_000);
  assert.equal(trip(long), long);
  assert.deepStrictEqual(trip({ "\ud800": 1, ok: [undefined] }), { "\ud800": 1, ok: [undefined] });
});

Deno.test("typed arrays come out as aligned copies of their own part of the buffer", () => {
  fc.assert(
    fc.property(typedArray, (array) => {
      const bytes = encodeValue(["shift", array]);
      const [, back] = decodeValue(bytes) as [string, ArrayBufferView];
      assert.equal(back.constructor, array.constructor);
      assert.equal(back.byteOffset, 0);
      assert.equal(back.buffer.byteLength, array.byteLength);
      assert.notEqual(back.buffer, bytes.buffer);
      assert.deepStrictEqual(back, array);
    }),
    RUNS,
  );
});

Deno.test("a decoded value shares nothing with the bytes, nor with the value", () => {
  const original = { raw: new Uint8Array([1, 2, 3]), text: "\ud800" };
  const bytes = encodeValue(original);
  original.raw.fill(9);
  const back = decodeValue(bytes) as typeof original;
  bytes.fill(0);
  assert.deepStrictEqual([...back.raw], [1, 2, 3]);
});

Deno.test("a Buffer comes out as a Uint8Array, and bytes may arrive in a Buffer", () => {
  const back = trip(Buffer.from("hi")) as Uint8Array;
  assert.equal(back.constructor, Uint8Array);
  const [array] = decodeValue(Buffer.from(encodeValue([new Uint16Array([513])]))) as [Uint16Array];
  assert.deepStrictEqual(array, new Uint16Array([513]));
});

Deno.test("big buffers are encoded without growth and come back whole", () => {
  const big = new Float64Array(1_000_000).map((_, index) => index);
  const bytes = encodeValue({ big });
  assert.ok(bytes.buffer.byteLength < big.byteLength * 1.5);
  assert.deepStrictEqual((decodeValue(bytes) as { big: Float64Array }).big, big);
});

Deno.test("many short strings come back, though each is too short to count as big", () => {
  const words = Array.from({ length: 50_000 }, (_, index) => `word ${index}`);
  assert.deepStrictEqual(trip(words), words);
});

Deno.test("a property called __proto__ is data, and no prototype is touched", () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": 1}}');
  const back = trip(value);
  assert.deepStrictEqual(Object.keys(back), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(back), Object.prototype);
  assert.deepStrictEqual(back, value);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

Deno.test("objects without a prototype come out as plain ones, holes as undefined, shared parts as copies", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  assert.deepStrictEqual(trip(bare), { a: 1 });
  const holes = [1, , 3];
  assert.deepStrictEqual(trip(holes), [1, undefined, 3]);
  const shared = { n: 1 };
  const [left, right] = trip([shared, shared]);
  assert.deepStrictEqual(left, right);
  assert.notEqual(left, right);
});

Deno.test("an array that is nearly all holes is refused rather than written out", () => {
  const sparse: number[] = [];
  sparse[4_000_000_000] = 1;
  assert.match(refusal(() => encodeArguments([sparse])), /^Cannot serialize args\[0\]: it is an array with more than/);
});

Deno.test("values of another realm travel like one's own", () => {
  const foreign = runInNewContext("({ a: [1, { b: 2 }], m: new Map([[1, 2]]), d: new Date(5) })");
  assert.deepStrictEqual(trip(foreign), { a: [1, { b: 2 }], m: new Map([[1, 2]]), d: new Date(5) });
});

Deno.test("a regular expression starts at lastIndex 0", () => {
  const pattern = /a/g;
  pattern.test("aa");
  assert.equal(trip(pattern).lastIndex, 0);
});

Deno.test("getters are read", () => {
  assert.deepStrictEqual(
    trip({
      get a() {
        return [undefined];
      },
    }),
    { a: [undefined] },
  );
});

/** Builds a container around a value, and says how the path goes on inside. */
const CONTAINERS: readonly { readonly wrap: (value: unknown) => object; readonly step: string }[] = [
  { wrap: (value) => [1, value], step: "[1]" },
  { wrap: (value) => ({ x: 0, a: value }), step: ".a" },
  { wrap: (value) => ({ "two words": value }), step: '["two words"]' },
  { wrap: (value) => ({ ["__proto__"]: 1, b: value }), step: ".b" },
  { wrap: (value) => new Map([["k", value]]), step: '.get("k")' },
  { wrap: (value) => new Map([[1, 1 as unknown], [value, 2]] as [unknown, unknown][]), step: ".keys()[1]" },
  { wrap: (value) => new Set([0, value]), step: ".values()[1]" },
  { wrap: (value) => new Error("e", { cause: value }), step: ".cause" },
  { wrap: (value) => Object.assign(new Error("e"), { data: value }), step: ".data" },
  { wrap: (value) => new AggregateError([value]), step: ".errors[0]" },
];

Deno.test("what can't travel is named by its path, wherever it is", () => {
  const route = fc.array(fc.constantFrom(...CONTAINERS), { maxLength: 5 });
  fc.assert(
    fc.property(route, (steps) => {
      const value = steps.reduceRight<unknown>((inner, { wrap }) => wrap(inner), () => 1);
      const path = `args[0]${steps.map(({ step }) => step).join("")}`;
      const message = refusal(() => encodeArguments([value]));
      assert.ok(message.startsWith(`Cannot serialize ${path}: it is the function`), `${message} should name ${path}`);
    }),
    RUNS,
  );
});

Deno.test("a cycle is named by both of its ends", () => {
  const route = fc.array(fc.constantFrom("array", "object", "map", "set", "cause"), { maxLength: 4 });
  fc.assert(
    fc.property(route, (kinds) => {
      const top: { next?: unknown } = {};
      let path = "args[0].next";
      let inner: unknown = top;
      for (const kind of kinds) {
        if (kind === "array") inner = [inner];
        if (kind === "object") inner = { deeper: inner };
        if (kind === "map") inner = new Map([["k", inner]]);
        if (kind === "set") inner = new Set([inner]);
        if (kind === "cause") inner = new Error("e", { cause: inner });
      }
      const steps = { array: "[0]", object: ".deeper", map: '.get("k")', set: ".values()[0]", cause: ".cause" };
      for (const kind of kinds.toReversed()) path += steps[kind as keyof typeof steps];
      top.next = inner;
      const message = refusal(() => encodeArguments([top]));
      assert.ok(message.startsWith(`Cannot serialize ${path}: it is args[0] again, a cycle`), `${message}: ${path}`);
    }),
    RUNS,
  );
});

Deno.test("the root of the path is what the caller calls it", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  assert.match(refusal(() => encodeValue(loop)), /^Cannot serialize value\[0\]: it is value again/);
  assert.match(
    refusal(() => encodeValue(loop, { root: "result" })),
    /^Cannot serialize result\[0\]: it is result again/,
  );
});

class Point {
  x = 1;
}

Deno.test("instances of classes are refused by the name of their class, with advice", () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [new Point(), /an instance of Point.*plain object/],
    [new (class Stack extends Array {})(), /an instance of Stack/],
    [new (class Cache extends Map {})(), /an instance of Cache/],
    [Promise.resolve(1), /an instance of Promise.*await it/],
    [new WeakMap(), /an instance of WeakMap/],
    [new SharedArrayBuffer(1), /SharedArrayBuffer.*slice/],
    [new Blob([]), /Blob.*bytes/],
    [Symbol("tag"), /Symbol\(tag\)/],
    [function named() {}, /the function named/],
    [Object(Symbol("boxed")), /an instance of Symbol/],
    [Object.create({ inherited: 1 }), /an instance of Object/],
  ];
  for (const [value, pattern] of refused) assert.match(refusal(() => encodeValue({ a: [value] })), pattern);
  assert.match(refusal(() => encodeValue(new Point())), /^Cannot serialize value: /);
});

Deno.test("a detached buffer and a getter that throws are refused", () => {
  const bytes = new Uint8Array(3);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  assert.match(refusal(() => encodeValue([bytes])), /value\[0\]: it is a detached buffer/);
  assert.match(
    refusal(() =>
      encodeValue({
        get a() {
          throw new Error("not now");
        },
      })
    ),
    /not now/,
  );
});

const DEEP: Readonly<Record<string, (inner: unknown) => unknown>> = {
  array: (inner) => [inner],
  object: (inner) => ({ inner }),
  "object that needs copying": (inner) => ({ inner, none: undefined }),
  map: (inner) => new Map([[1, inner]]),
  set: (inner) => new Set([inner]),
  cause: (inner) => new Error("e", { cause: inner }),
  "property of an error": (inner) => Object.assign(new Error("e"), { inner }),
};

for (const [kind, wrap] of Object.entries(DEEP)) {
  Deno.test(`nesting by ${kind} works to the limit, and past it is refused by its depth`, () => {
    let value: unknown = "bottom";
    for (let level = 0; level < MAX_VALUE_DEPTH; level++) value = wrap(value);
    let back = trip(value);
    for (let level = 0; level < MAX_VALUE_DEPTH; level++) back = unwrap(back);
    assert.equal(back, "bottom");
    for (let level = 0; level < 10_000; level++) value = wrap(value);
    assert.match(refusal(() => encodeValue(value)), /nested more than 1000 levels deep/);
  });
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value[0];
  if (value instanceof Map) return value.get(1);
  if (value instanceof Set) return [...value][0];
  if (value instanceof Error && "cause" in value) return value.cause;
  return (value as { inner: unknown }).inner;
}

Deno.test("with little stack left, a deep value is refused and the codec works on", () => {
  let deep: unknown = 1;
  for (let level = 0; level < MAX_VALUE_DEPTH; level++) deep = { deep };
  function down(): unknown {
    try {
      return down();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return attempt();
    }
  }
  function attempt(): unknown {
    try {
      return encodeValue(deep);
    } catch (error) {
      // Too little stack even to say so is answered by a frame further up.
      if (error instanceof SerializationError) return error;
      throw error;
    }
  }
  const outcome = down();
  assert.ok(outcome instanceof SerializationError || outcome instanceof Uint8Array);
  assert.deepStrictEqual(trip({ a: [undefined] }), { a: [undefined] });
});

Deno.test("any bytes are decoded or refused, and the codec works on", () => {
  const decodesOrRefuses = (bytes: Uint8Array) => {
    try {
      decodeValue(bytes);
    } catch (error) {
      assert.ok(error instanceof SerializationError, String(error));
    }
  };
  fc.assert(fc.property(hostileBytes, decodesOrRefuses), { numRuns: 3_000 });
  fc.assert(fc.property(mutated(anyValue.map((value) => encodeValue(value))), decodesOrRefuses), { numRuns: 2_000 });
  assert.deepStrictEqual(trip(new Map([[1, undefined]])), new Map([[1, undefined]]));
});

Deno.test("bytes of a later version, or with marks where none belong, are refused with the reason", () => {
  const refused: readonly (readonly [readonly number[], RegExp])[] = [
    [[0xd4, 127, 0], /extension 127 is not known/],
    [[0xc7, 0, 48], /parts are not where they belong/],
    [[0x91, 0xc7, 0, 48], /kind "function"/],
    [[0x92, 1, 0xc7, 0, 32], /parts are not where they belong/],
    [[0x92, 0xc7, 0, 32, 1], /parts are not where they belong/],
    [[0xc4, 1, 0], /plain binary/],
    [[0xd4, 3, 0x7a], /bigint/],
    [[0xd5, 72, 0, 0], /Cannot decode the value/],
    [[0x92, 0xc7, 0, 37, 0xa1, 0x78], /lacks its name or message/],
    [[0x93, 0xc7, 0, 34, 0xa1, 0x28, 0xa0], /regular expression/],
  ];
  for (const [bytes, pattern] of refused) {
    assert.throws(() => decodeValue(Uint8Array.from(bytes)), (error: Error) => {
      assert.ok(error instanceof SerializationError);
      assert.match(error.message, pattern);
      return true;
    });
  }
});

Deno.test("what only the caller knows travels in the form that he gives it, parts and all", () => {
  class Point {
    constructor(readonly x: number, readonly y: number) {}
  }
  const special = (value: object) =>
    value instanceof Point
      ? { kind: "registered", parts: ["Point", { x: value.x, y: value.y }] } as const
      : typeof value === "function"
      ? { kind: "function", parts: [String(value), new Point(5, -0)] } as const
      : null;
  const bytes = encodeArguments([{ at: [new Point(1, 2)], by: () => 1 }], special);
  const made: unknown[] = [];
  const decoded = decodeValue(bytes, {
    special(kind, parts) {
      made.push([kind, ...parts]);
      return kind;
    },
  });
  assert.deepEqual(decoded, [{ at: ["registered"], by: "function" }]);
  assert.deepEqual(made, [
    ["registered", "Point", { x: 1, y: 2 }],
    ["registered", "Point", { x: 5, y: -0 }],
    ["function", String(() => 1), "registered"],
  ]);
  assert.throws(() => decodeValue(bytes), { name: "SerializationError", message: /kind "registered"/ });
  assert.throws(() => encodeArguments([new Point(1, 2)], () => null), /args\[0\].*instance of Point/);
  const within = (value: object) =>
    value instanceof Point ? { kind: "registered", parts: [{ z: Symbol("s") }] } as const : null;
  assert.throws(() => encodeArguments([new Point(1, 2)], within), /args\[0\]\.z/);
});
