/** Tests of the sums of a series. @module */
import assert from "node:assert/strict";
import { median, percentile, rounded, spread } from "../../../bench/statistics.ts";

Deno.test("the order of a series does not matter, and it is left as it is", () => {
  const series = [9, 1, 5];
  assert.equal(median(series), 5);
  assert.deepEqual(series, [9, 1, 5]);
});

Deno.test("the 95th percentile of a hundred values has five above or at it", () => {
  const series = Array.from({ length: 100 }, (_, i) => i);
  assert.equal(percentile(series, 0.95), 95);
  assert.deepEqual(spread(series), { p50: 50, p95: 95 });
});

Deno.test("an empty series is refused", () => {
  assert.throws(() => median([]), RangeError);
});

Deno.test("figures keep four digits", () => {
  assert.equal(rounded(123456), 123500);
  assert.equal(rounded(0.00123456), 0.001235);
});
