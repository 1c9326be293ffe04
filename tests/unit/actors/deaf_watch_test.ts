import assert from "node:assert/strict";
import { DeafWatch } from "../../../actors/deaf_watch.ts";

const TICK_MS = 500;

function stage() {
  const watch = new DeafWatch(0, TICK_MS);
  let now = 0;
  return { watch, tick: (ms = TICK_MS) => watch.tick(now += ms) };
}

Deno.test("two intervals in which nothing comes back mean that the connection is dead, once", () => {
  const { watch, tick } = stage();
  watch.asked(true);
  assert.deepEqual([tick(), tick(), tick(), tick()], [false, true, false, true]);
});

Deno.test("whatever comes in shows that it is not", () => {
  const { watch, tick } = stage();
  watch.asked(true);
  for (let round = 0; round < 10; round++) {
    assert.equal(tick(), false);
    watch.heard();
  }
});

Deno.test("a node that asks for nothing, or is late itself, judges nobody", () => {
  const { watch, tick } = stage();
  assert.deepEqual([tick(), tick(), tick()], [false, false, false]);
  watch.asked(true);
  assert.deepEqual([tick(), tick(5_000), tick()], [false, false, false]);
  watch.asked(false);
  watch.asked(true);
  assert.deepEqual([tick(), tick()], [false, true]);
});
