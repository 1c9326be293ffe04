import assert from "node:assert/strict";
import { LongValues } from "../../../engine/long_values.ts";

Deno.test("a long value is put together from its pieces and taken once", () => {
  const values = new LongValues();
  values.add(1, 5, 0, new Uint8Array([1, 2]));
  values.add(2, 1, 0, new Uint8Array([9]));
  values.add(1, 5, 2, new Uint8Array([3, 4, 5]));
  assert.deepEqual(values.take(1), new Uint8Array([1, 2, 3, 4, 5]));
  assert.throws(() => values.take(1), RangeError);
  assert.deepEqual(values.take(new Uint8Array([7])), new Uint8Array([7]));
});

Deno.test("gaps, overlaps, too much, and what is not complete are refused", () => {
  const values = new LongValues();
  values.add(1, 4, 0, new Uint8Array(2));
  assert.throws(() => values.add(1, 4, 3, new Uint8Array(1)), RangeError);
  assert.throws(() => values.add(1, 4, 1, new Uint8Array(1)), RangeError);
  assert.throws(() => values.add(1, 4, 2, new Uint8Array(3)), RangeError);
  assert.throws(() => values.take(1), /not complete/);
});

Deno.test("a dropped value begins anew", () => {
  const values = new LongValues();
  values.add(1, 4, 0, new Uint8Array(2));
  values.drop(1);
  values.add(1, 2, 0, new Uint8Array([1, 2]));
  assert.equal(values.take(1).length, 2);
});
