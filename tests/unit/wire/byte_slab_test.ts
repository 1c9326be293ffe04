/** Copies cut from slabs. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { ByteSlab, PASSING_SLAB_BYTES } from "../../../wire/byte_slab.ts";

Deno.test("every copy keeps its content, whatever is copied after it or written to its neighbours", () => {
  const around = [500, 4_090].map((min) => fc.integer({ min, max: min + 20 }));
  const lengths = fc.array(fc.oneof(fc.nat(40), ...around, fc.constant(9_000)), { maxLength: 200 });
  const slabs = fc.constantFrom(undefined, PASSING_SLAB_BYTES);
  fc.assert(
    fc.property(lengths, slabs, (list, slabBytes) => {
      const slab = new ByteSlab(slabBytes);
      const copies = list.map((length, index) => slab.copy(new Uint8Array(length).fill(index)));
      copies.forEach((copy, index) => {
        assert.equal(copy.length, list[index]);
        assert.ok(copy.every((byte) => byte === index % 256));
        copy.fill(255 - (index % 256));
      });
      copies.forEach((copy, index) => assert.ok(copy.every((byte) => byte === 255 - (index % 256))));
    }),
    { numRuns: 50 },
  );
});

Deno.test("short copies share a buffer, long ones don't hold one", () => {
  const slab = new ByteSlab();
  assert.equal(slab.copy(new Uint8Array(10)).buffer, slab.copy(new Uint8Array(10)).buffer);
  assert.equal(slab.copy(new Uint8Array(1_000)).buffer.byteLength, 1_000);
});

Deno.test("a copy stays what it was when its source changes", () => {
  const slab = new ByteSlab();
  const source = new Uint8Array([1, 2]);
  const copy = slab.copy(source);
  source.fill(9);
  assert.deepEqual([...copy], [1, 2]);
});
