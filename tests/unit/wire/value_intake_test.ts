import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { LONG_BLOCK_BYTES, ScatteredValue } from "../../../wire/scattered_value.ts";
import { decodeValue, encodeParts, encodeValue } from "../../../wire/value_codec.ts";
import { ValueIntake } from "../../../wire/value_intake.ts";

const LONG = LONG_BLOCK_BYTES / 8 + 3;

function takenIn(bytes: Uint8Array, cuts: readonly number[]) {
  const intake = new ValueIntake(bytes.length);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (let index = 1; index < places.length; index++) intake.add(bytes.slice(places[index - 1], places[index]));
  assert.equal(intake.filled, bytes.length);
  return intake.take();
}

const values = () => [
  [new Float64Array(LONG).fill(1.5)],
  { a: "x".repeat(100_000), b: [new Uint16Array(LONG * 4).fill(9), "between", new Float64Array(LONG).fill(-1)] },
  [new Map([["k", new BigInt64Array(LONG).fill(7n)]]), undefined, new DataView(new ArrayBuffer(LONG * 8))],
  [new Uint8Array(LONG * 8).fill(3).buffer, new Uint8Array(LONG_BLOCK_BYTES - 1).fill(4), 2n ** 600_000n, -0, 1e300],
  [new Uint8Array(70_000), ...Array.from({ length: 300 }, (_, index) => index * 1_000), -5, -500, 3.25, null, true],
];

Deno.test("a value comes out as it went in, wherever it is cut", () => {
  const encoded = values().map((value) => encodeValue(value));
  fc.assert(
    fc.property(fc.nat(encoded.length - 1), fc.array(fc.nat(), { maxLength: 8 }), (which, cuts) => {
      const taken = takenIn(encoded[which] as Uint8Array, cuts);
      assert.ok(taken instanceof ScatteredValue);
      assert.deepEqual(taken.join(), encoded[which]);
      assert.deepEqual(decodeValue(taken), values()[which]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("heads are found even where each byte comes alone", () => {
  const bytes = encodeValue(["head", new Float64Array(LONG).fill(2), "tail"]);
  const intake = new ValueIntake(bytes.length);
  for (const byte of bytes) intake.add(Uint8Array.of(byte));
  assert.deepEqual(decodeValue(intake.take()), ["head", new Float64Array(LONG).fill(2), "tail"]);
});

Deno.test("what is handed over is the memory it came into, exactly as long as it is, and given once", () => {
  const taken = takenIn(encodeValue([new Float64Array(LONG).fill(1), 5]), [40_000]);
  assert.ok(taken instanceof ScatteredValue);
  const [copy] = decodeValue(taken) as [Float64Array];
  const [array] = decodeValue(taken, { handOver: true }) as [Float64Array];
  assert.equal(array.buffer, taken.blocks[0]?.bytes.buffer);
  assert.deepEqual([array.byteOffset, array.buffer.byteLength], [0, LONG * 8]);
  assert.notEqual(copy.buffer, array.buffer);
  assert.throws(() => decodeValue(taken), /handed over/);
  assert.throws(() => taken.join(), /handed over/);
});

Deno.test("a value with marks in it is copied even where it is handed over, so that it can be decoded again", () => {
  const taken = takenIn(encodeValue([new Map([[1, new Float64Array(LONG)]])]), []);
  const [first, second] = [1, 2].map(() => decodeValue(taken, { handOver: true }) as [Map<number, Float64Array>]);
  first?.[0].get(1)?.fill(9);
  assert.equal(second?.[0].get(1)?.[0], 0);
});

Deno.test("bytes that are no value come out as they went in", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(), (noise, cut) => {
      const bytes = new Uint8Array(noise.length + 80_000).fill(0xc9);
      bytes.set(noise);
      const taken = takenIn(bytes, [cut, 7]);
      assert.deepEqual(taken instanceof ScatteredValue ? taken.join() : taken, bytes);
    }),
    { numRuns: 100 },
  );
});

Deno.test("a part that stands for a block, sent by somebody, is refused", () => {
  const forged = new Uint8Array([0x92, 0xd6, 100, 0, 0, 0, 0, 0xc0]);
  assert.throws(() => decodeValue(forged), /not known here/);
  const twice = encodeValue([new Float64Array(LONG), 0]);
  const bytes = new Uint8Array(twice.length + 5);
  bytes.set(twice.subarray(0, -1));
  bytes.set([0xd6, 100, 0, 0, 0, 0], twice.length - 1);
  assert.throws(() => decodeValue(takenIn(bytes, [])), /never travels/);
});

Deno.test("the parts of a value are its encoding, and long ones are the caller's own memory", () => {
  for (const value of [...values(), "short", [1, 2]]) {
    const joined = Uint8Array.from(encodeParts(value).flatMap((part) => [...part]));
    assert.deepEqual(joined, encodeValue(value));
  }
  const array = new Float64Array(LONG);
  assert.ok(encodeParts([array]).some((part) => part.buffer === array.buffer));
  const shared = new Uint8Array(new SharedArrayBuffer(LONG * 8));
  assert.ok(encodeParts([shared]).every((part) => part.buffer instanceof ArrayBuffer));
});
