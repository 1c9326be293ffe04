import assert from "node:assert/strict";
import { checkSequence, firstOfPart, joinParts, partHolding, partOf } from "../../../client/partition.ts";
import { fc } from "../../../deps/fast_check.ts";

const DISTRIBUTIONS = ["block", "roundRobin"] as const;

Deno.test("parts joined again are the sequence, of typed arrays too", () => {
  const sequences = fc.oneof(fc.array(fc.integer()), fc.float64Array(), fc.uint8Array());
  fc.assert(
    fc.property(sequences, fc.integer({ min: 1, max: 9 }), fc.constantFrom(...DISTRIBUTIONS), (items, count, dist) => {
      const parts = Array.from({ length: count }, (_, index) => partOf(checkSequence(items), dist, index, count));
      assert.deepEqual(joinParts(parts, dist), items);
      const sizes = parts.map((part) => part.length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});

Deno.test("bigger parts come first, and round robin deals out one by one", () => {
  assert.deepEqual([0, 1, 2, 3].map((index) => firstOfPart(7, 3, index)), [0, 3, 5, 7]);
  assert.deepEqual(partOf([1, 2, 3, 4, 5], "roundRobin", 1, 3), [2, 5]);
});

Deno.test("single items and mixed parts are joined to an array", () => {
  assert.deepEqual(joinParts([1, [2, 3], new Int8Array([4])], "block"), [1, 2, 3, 4]);
  assert.deepEqual(joinParts([new Int8Array([1]), new Float32Array([2])], "block"), [1, 2]);
  assert.deepEqual(checkSequence(new Set([1, 2])), [1, 2]);
  assert.throws(() => checkSequence(7), /Cannot scatter 7: it is no sequence/);
});

Deno.test("an item is in the part between whose first items it stands", () => {
  for (const [items, count] of [[10, 3], [3, 3], [7, 2], [9, 3], [1, 1], [100, 7]] as const) {
    for (let item = 0; item < items; item++) {
      const part = partHolding(items, count, item);
      assert.ok(
        firstOfPart(items, count, part) <= item && item < firstOfPart(items, count, part + 1),
        `${item}/${items}`,
      );
    }
  }
});
