/** The plain codec of our own messages: exact round trips, and nothing a sender could do to it. @module */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fc } from "../../../deps/fast_check.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { decodeFrame, encodeFrame, MAX_FRAME_DEPTH } from "../../../wire/frame_codec.ts";
import { hostileBytes, mutated, plainValue, RUNS } from "./arbitrary_values.ts";

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

/** Decodes or refuses; anything else is a failure of the test. */
function decodesOrRefuses(bytes: Uint8Array): void {
  try {
    decodeFrame(bytes);
  } catch (error) {
    assert.ok(error instanceof SerializationError, String(error));
  }
}

Deno.test("a frame comes out as it went in", () => {
  fc.assert(
    fc.property(plainValue, (value) => assert.deepEqual(plain(decodeFrame(encodeFrame(value))), plain(value))),
    RUNS,
  );
});

/** Byte strings of any class and offset compare by content. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

Deno.test("undefined inside a frame becomes null", () => {
  assert.deepEqual(decodeFrame(encodeFrame([undefined, { a: undefined }])), [null, { a: null }]);
});

Deno.test("bytes that encodeFrame returned are never written again", () => {
  const first = encodeFrame(["first", 1]);
  const kept = first.slice();
  for (let index = 0; index < 2_000; index++) encodeFrame(["later", index, "x".repeat(index % 700)]);
  assert.deepEqual(first, kept);
});

Deno.test("byte values in a decoded frame are views of the input", () => {
  const bytes = encodeFrame(["head", new Uint8Array([1, 2, 3])]);
  const [, body] = decodeFrame(bytes) as [string, Uint8Array];
  assert.equal(body.buffer, bytes.buffer);
  assert.deepEqual([...body], [1, 2, 3]);
});

Deno.test("bytes that arrive in a Buffer bring no Buffer into the message", () => {
  const [body] = decodeFrame(Buffer.from(encodeFrame([new Uint8Array([1, 2])]))) as [Uint8Array];
  assert.equal(body.constructor, Uint8Array);
  const copy = body.slice();
  body.fill(0);
  assert.deepEqual([...copy], [1, 2]);
});

Deno.test("frames of any size survive, small ones after big ones too", () => {
  for (const size of [0, 511, 512, 513, 8_192, 70_000, 5_000_000, 10]) {
    const body = new Uint8Array(size).fill(7);
    const [back] = decodeFrame(encodeFrame([body])) as [Uint8Array];
    assert.equal(back.length, size);
    assert.ok(back.every((byte) => byte === 7));
  }
});

Deno.test("functions, symbols and bigints are refused in a frame", () => {
  for (const value of [() => 1, Symbol("s"), 1n, [[2n]]]) {
    assert.throws(() => encodeFrame(value), SerializationError);
  }
});

Deno.test("a frame may be nested to its limit and no deeper, in both directions", () => {
  assert.deepEqual(decodeFrame(encodeFrame(nested(MAX_FRAME_DEPTH))), nested(MAX_FRAME_DEPTH));
  assert.throws(() => encodeFrame(nested(MAX_FRAME_DEPTH + 1)), SerializationError);
  assert.throws(() => encodeFrame(nested(10_000)), SerializationError);
  const deep = new Uint8Array(1_000_000).fill(0x91);
  assert.throws(() => decodeFrame(deep), /deeper than 100 levels/);
});

Deno.test("a header that promises more than follows is refused before anything is built", () => {
  const promises: readonly (readonly number[])[] = [
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xdd, 0x01, 0x00, 0x00, 0x00, 1, 2, 3],
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0xc6, 0xff, 0xff, 0xff, 0xff, 1],
    [0xdb, 0xff, 0xff, 0xff, 0xff, 1],
    [0xc9, 0xff, 0xff, 0xff, 0xff, 1],
    [0xdc, 0x00, 0x04, 0xdc, 0x00, 0x04, 0xdc, 0x00, 0x04, 1, 2, 3],
  ];
  for (const bytes of promises) assert.throws(() => decodeFrame(Uint8Array.from(bytes)), SerializationError);
  assert.throws(() => decodeFrame(Uint8Array.from(promises[0] ?? [])), /4294967295 more values are declared/);
});

Deno.test("bytes after the value, no bytes at all, and a cut value are refused", () => {
  assert.throws(() => decodeFrame(Uint8Array.of(1, 2)), /1 bytes follow the value/);
  assert.throws(() => decodeFrame(new Uint8Array(0)), /end in the middle/);
  const whole = encodeFrame(["a", { b: [1.5, "text", new Uint8Array(3)] }, 70_000, -70_000, 2 ** 40]);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeFrame(whole.subarray(0, length)), SerializationError);
  }
});

Deno.test("a frame can't reach a prototype", () => {
  const bytes = Uint8Array.from([0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 0x81, 0xa1, 0x78, 1]);
  assert.throws(() => decodeFrame(bytes), SerializationError);
});

Deno.test("extensions are no part of a frame", () => {
  assert.throws(() => decodeFrame(Uint8Array.of(0xd4, 1, 0)), /extension 1/);
});

Deno.test("any bytes are decoded or refused, and the codec works on", () => {
  fc.assert(fc.property(hostileBytes, decodesOrRefuses), { numRuns: 3_000 });
  fc.assert(fc.property(mutated(plainValue.map(encodeFrame)), decodesOrRefuses), { numRuns: 1_000 });
  assert.deepEqual(decodeFrame(encodeFrame(["still", "here"])), ["still", "here"]);
});

Deno.test("encoding while encoding, from a getter, disturbs neither", () => {
  let inner: Uint8Array | undefined;
  const outer = encodeFrame({
    before: "x",
    get middle() {
      inner = encodeFrame(["inner"]);
      return 2;
    },
    after: "y",
  });
  assert.deepEqual(decodeFrame(outer), { before: "x", middle: 2, after: "y" });
  assert.deepEqual(decodeFrame(inner ?? new Uint8Array(0)), ["inner"]);
});
