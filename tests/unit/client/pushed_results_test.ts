import assert from "node:assert/strict";
import { PushedResults } from "../../../client/pushed_results.ts";
import type { ContentHash, HostId } from "../../../protocol/ids.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

const HASH = "h" as ContentHash;
const REF = { hash: HASH, size: 4, home: "box" as HostId };
const [ONE, TWO] = [new Uint8Array([1, 2]), new Uint8Array([3, 4])];

Deno.test("a result that came piece by piece is there as soon as its last piece is", async () => {
  const results = new PushedResults(new FakeClock());
  assert.equal(results.add("box", [1, 4, 0, ONE, null], true), true);
  const taken = results.take(1, REF);
  assert.equal(results.add("box", [1, 4, 2, TWO, HASH], false), true);
  assert.deepEqual(await taken, new Uint8Array([1, 2, 3, 4]));
  assert.equal(await results.take(1, REF), null, "it was taken");
});

Deno.test("pieces of settled tasks, after a gap, or from another host are not wanted", () => {
  const results = new PushedResults(new FakeClock());
  assert.equal(results.add("box", [1, 4, 0, ONE, null], false), false);
  assert.equal(results.add("box", [1, 4, 0, ONE, null], true), true);
  assert.equal(results.add("box", [1, 4, 3, TWO.subarray(1), HASH], true), false);
  assert.equal(results.add("den", [1, 4, 2, TWO, HASH], true), false);
  assert.equal(results.add("box", [1, 5, 2, TWO, HASH], true), false);
});

Deno.test("another attempt begins again; what the news does not name has to be fetched", async () => {
  const results = new PushedResults(new FakeClock());
  results.add("box", [1, 4, 0, TWO, null], true);
  results.add("den", [1, 4, 0, ONE, null], true);
  results.add("den", [1, 4, 2, TWO, HASH], true);
  assert.deepEqual(await results.take(1, REF), new Uint8Array([1, 2, 3, 4]));
  results.add("den", [1, 4, 0, ONE, null], true);
  results.add("den", [1, 4, 2, TWO, "other" as ContentHash], true);
  assert.equal(await results.take(1, REF), null);
});

Deno.test("a result whose pieces stay away has to be fetched, and so has one that is forgotten", async () => {
  const clock = new FakeClock();
  const results = new PushedResults(clock);
  results.add("box", [1, 4, 0, ONE, null], true);
  const stalled = results.take(1, REF);
  clock.advance(5_000);
  assert.equal(await stalled, null);
  results.add("box", [2, 4, 0, ONE, null], true);
  const forgotten = results.take(2, REF);
  results.close();
  assert.equal(await forgotten, null);
});
