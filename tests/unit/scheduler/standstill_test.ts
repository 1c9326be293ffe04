import assert from "node:assert/strict";
import { Standstill } from "../../../scheduler/standstill.ts";

/** A watch, the clock it looks at, and what it said. */
function watched(forMs: number) {
  let now = 0;
  let due: (() => void) | null = null;
  const said: [at: number, ms: number][] = [];
  const watch = new Standstill({
    now: () => now,
    after: (_delayMs, task) => due = task,
    stoodStill: (at, ms) => void said.push([at, ms]),
  }, forMs);
  const tickAt = (at: number) => {
    now = at;
    const task = due;
    due = null;
    task?.();
  };
  return { watch, said, tickAt, isTicking: () => due !== null, at: (ms: number) => now = ms };
}

Deno.test("a process that stood still says since when and for how long, before anything else is taken in", () => {
  const { watch, said, tickAt, at } = watched(3_000);
  tickAt(200);
  tickAt(450);
  at(6_450);
  watch.look();
  watch.look();
  assert.deepEqual(said, [[450, 6_000]]);
  tickAt(6_500);
  assert.deepEqual(said, [[450, 6_000]]);
});

Deno.test("the watch ends when it was to, standstills not counted", () => {
  const { said, tickAt, isTicking, watch, at } = watched(400);
  tickAt(200);
  tickAt(8_200);
  tickAt(8_400);
  assert.equal(isTicking(), false);
  assert.deepEqual(said, [[200, 8_000]]);
  at(20_000);
  watch.look();
  assert.equal(said.length, 1);
});
