import assert from "node:assert/strict";
import { KnownOutcomes } from "../../../client/known_outcomes.ts";
import { DEFAULT_FLAGS, type TaskFlags } from "../../../protocol/task_spec.ts";

const naming = (...ids: string[]): TaskFlags => ({
  ...DEFAULT_FLAGS,
  after: { ids: ids as never, all: true, success: true, failure: false },
});

function withDone(count: number): KnownOutcomes {
  const outcomes = new KnownOutcomes("s" as never);
  const body = new Uint8Array();
  for (let counter = 0; counter < count; counter++) {
    outcomes.settled(counter, [counter, 0, body, (counter % 3) as never, `u${counter % 3}` as never, 1, 0, 0]);
  }
  outcomes.renew();
  return outcomes;
}

Deno.test("ids of other clients, of what is not settled, and garbage are passed over", () => {
  const outcomes = withDone(5);
  assert.deepEqual(outcomes.toTell([naming("t-1", "s-7", "s-x", "s-4", "s-4")], false), [[4, true, 1, "u1", null]]);
});

Deno.test("of the oldest of more than a million tasks nothing is kept, and memory is bounded", () => {
  const outcomes = withDone(1_100_000);
  assert.deepEqual(outcomes.toTell([naming("s-0", "s-1099999")], false), [[1_099_999, true, 1, "u1", null]]);
});

Deno.test("what ended here is told as news only while a batch is under way", () => {
  const outcomes = new KnownOutcomes("s" as never);
  outcomes.endedHere(3, new Error("x"));
  assert.deepEqual(outcomes.toTell([], true), [[3, false, null, null, "Error"]]);
  assert.deepEqual(outcomes.toTell([], false), []);
  outcomes.told([]);
  assert.deepEqual(outcomes.toTell([], true), []);
  assert.deepEqual(outcomes.toTell([naming("s-3")], false), [[3, false, null, null, "Error"]]);
});
