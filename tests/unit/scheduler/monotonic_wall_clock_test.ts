/** The clock of a controller on a machine whose clock jumps. @module */
import assert from "node:assert/strict";
import { MonotonicWallClock } from "../../../scheduler/monotonic_wall_clock.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

Deno.test("a clock of the machine that jumps, forth or back, moves nothing: time goes on as it passes", () => {
  const clock = new FakeClock();
  let wall = 1_000_000;
  const time = new MonotonicWallClock({ now: () => clock.now(), wallTime: () => wall } as never);
  assert.equal(time.now(), 1_000_000);
  clock.advance(100);
  wall += 3_600_000;
  assert.equal(time.now(), 1_000_100);
  clock.advance(100);
  wall -= 2 * 3_600_000;
  assert.equal(time.now(), 1_000_200);
});
