/** What tasks of a function are expected to take. @module */
import assert from "node:assert/strict";
import type { ContentHash } from "../../../protocol/ids.ts";
import { Estimates, MAX_FUNCTIONS, UNKNOWN_US } from "../../../scheduler/core/estimates.ts";
import { SeededRandom } from "../../../scheduler/core/random.ts";

const F = "f" as ContentHash;

Deno.test("nothing is known of a function until it has ended once", () => {
  const estimates = new Estimates();
  assert.equal(estimates.of(F), UNKNOWN_US);
  estimates.observe(F, 3);
  assert.equal(estimates.of(F), 3_000);
});

Deno.test("the first times are averaged plainly", () => {
  const estimates = new Estimates();
  for (const ms of [1, 2, 3, 10]) estimates.observe(F, ms);
  assert.equal(estimates.of(F), 4_000);
});

Deno.test("one call in a hundred that takes 500 ms counts: the mean over time is near to 6 ms", () => {
  const estimates = new Estimates();
  const random = new SeededRandom(1);
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    estimates.observe(F, random.below(100) === 0 ? 500 : 1);
    sum += estimates.of(F);
  }
  assert.ok(Math.abs(sum / 20_000 / 5_990 - 1) < 0.1, String(sum / 20_000));
});

Deno.test("a function whose calls become longer is found out", () => {
  const estimates = new Estimates();
  for (let i = 0; i < 1_000; i++) estimates.observe(F, 0.1);
  for (let i = 0; i < 200; i++) estimates.observe(F, 20);
  assert.ok(estimates.of(F) > 19_000);
});

Deno.test("no time at all, and what is no time, are held within bounds", () => {
  const estimates = new Estimates();
  for (const [ms, us] of [[0, 5], [-3, 5], [NaN, UNKNOWN_US], [Infinity, UNKNOWN_US]] as const) {
    const code = String(ms) as ContentHash;
    estimates.observe(code, ms);
    assert.equal(estimates.of(code), us, String(ms));
  }
});

Deno.test("the functions that ended last are remembered, and no more", () => {
  const estimates = new Estimates();
  for (let i = 0; i < MAX_FUNCTIONS; i++) estimates.observe(`${i}` as ContentHash, 1);
  estimates.observe("0" as ContentHash, 1);
  estimates.observe(F, 1);
  assert.equal(estimates.of("0" as ContentHash), 1_000);
  assert.equal(estimates.of("1" as ContentHash), UNKNOWN_US);
  assert.equal(estimates.snapshot().length, MAX_FUNCTIONS);
});
