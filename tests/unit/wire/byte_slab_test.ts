/** Copies cut from slabs. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { ByteSlab } from "../../../wire/byte_slab.ts";

Deno.test("every copy keeps its content, whatever is copied after it or written to its neighbours", () => {
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 500, max: 520 }), fc.constant(9_000)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(lengths, (list) => {
      const slab = new ByteSlab();
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
