import assert from "node:assert/strict";
import { FakeClock } from "../../../testing/fake_clock.ts";

Deno.test("timers fire in order of time, then of setting, at their own time", () => {
  const clock = new FakeClock(1_000);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.setTimer(note("late"), 30);
  clock.setTimer(note("first"), 10);
  clock.setTimer(note("second"), 10);
  clock.advance(20);
  assert.deepEqual(fired, ["first@10", "second@10"]);
  assert.deepEqual([clock.now(), clock.wallTime(), clock.pending], [20, 1_020, 1]);
  clock.advance(10);
  assert.deepEqual(fired.at(-1), "late@30");
});

Deno.test("a timer that was cleared does not fire, and clearing it again is harmless", () => {
  const clock = new FakeClock();
  const timer = clock.setTimer(() => assert.fail("cleared"), 10);
  clock.clearTimer(timer);
  clock.clearTimer(timer);
  assert.equal(clock.pending, 0);
  clock.advance(20);
});

Deno.test("timers that set timers fire within the same advance", () => {
  const clock = new FakeClock();
  let ticks = 0;
  const tick = () => {
    ticks += 1;
    clock.setTimer(tick, 10);
  };
  clock.setTimer(tick, 10);
  clock.advance(100);
  assert.equal(ticks, 10);
});

Deno.test("run() lets microtasks happen between timers", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  clock.setTimer(() => void Promise.resolve().then(() => seen.push(`then@${clock.now()}`)), 10);
  clock.setTimer(() => seen.push("timer@20"), 20);
  await clock.run(30);
  assert.deepEqual(seen, ["then@10", "timer@20"]);
});

Deno.test("stall() fires late all that got due", () => {
  const clock = new FakeClock();
  const firedAtMs: number[] = [];
  clock.setTimer(() => firedAtMs.push(clock.now()), 10);
  clock.setTimer(() => firedAtMs.push(clock.now()), 500);
  clock.stall(1_000);
  assert.deepEqual(firedAtMs, [1_000, 1_000]);
});

Deno.test("many timers in any order fire in order of time", () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  for (let i = 0; i < 1_000; i++) {
    const delayMs = (i * 7_919) % 1_009;
    clock.setTimer(() => fired.push(delayMs), delayMs);
  }
  clock.advance(2_000);
  assert.deepEqual(fired, fired.toSorted((a, b) => a - b));
  assert.equal(fired.length, 1_000);
});
