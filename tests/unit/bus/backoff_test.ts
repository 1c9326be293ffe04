/** Pauses between attempts. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Backoff } from "../../../bus/backoff.ts";

Deno.test("pauses double up to the bound, and start again after a success", () => {
  const backoff = new Backoff({ initialMs: 50, maxMs: 300, random: () => 0 });
  const pauses = Array.from({ length: 5 }, () => {
    const { pauseMs } = backoff;
    backoff.attempted();
    return pauseMs;
  });
  deepEqual(pauses, [50, 100, 200, 300, 300]);
  backoff.reset();
  equal(backoff.pauseMs, 50);
});

Deno.test("a pause is cut by up to half, and stays the same until the next attempt", () => {
  const draws = [0.5, 0.999];
  const backoff = new Backoff({ initialMs: 100, maxMs: 1_000, random: () => draws.shift() ?? 0 });
  equal(backoff.pauseMs, 75);
  equal(backoff.pauseMs, 75);
  backoff.attempted();
  equal(backoff.pauseMs, 100);
});

Deno.test("a thousand failures overflow nothing", () => {
  const backoff = new Backoff({ initialMs: 50, maxMs: 2_000, random: () => 0 });
  for (let attempt = 0; attempt < 5_000; attempt++) backoff.attempted();
  ok(backoff.pauseMs === 2_000);
});
