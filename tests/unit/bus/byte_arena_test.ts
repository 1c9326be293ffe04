/** Copies that nobody else writes to. @module */
import { deepEqual, equal, notEqual } from "node:assert/strict";
import { ByteArena } from "../../../bus/byte_arena.ts";
import { fc } from "../../../deps/fast_check.ts";

Deno.test("copies of any sizes stay what they were, whatever becomes of the source and of other copies", () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 4_000, max: 4_200 }), fc.constant(70_000)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(sizes, (sizes) => {
      const arena = new ByteArena();
      const source = new Uint8Array(70_000);
      const copies = sizes.map((size, index) => {
        source.fill(index + 1);
        return arena.copy(source.subarray(0, size));
      });
      source.fill(255);
      for (const [index, copy] of copies.entries()) {
        equal(copy.length, sizes[index]);
        equal(copy.every((byte) => byte === index + 1), true);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("small copies share a buffer, large ones have their own", () => {
  const arena = new ByteArena();
  const [one, other] = [arena.copy(new Uint8Array([1])), arena.copy(new Uint8Array([2]))];
  equal(one.buffer, other.buffer);
  deepEqual([...one, ...other], [1, 2]);
  const large = arena.copy(new Uint8Array(100_000));
  notEqual(large.buffer, one.buffer);
  equal(large.buffer.byteLength, 100_000);
});
