/** When a client is asked, and when it is given up. @module */
import { deepEqual, equal } from "node:assert/strict";
import { Liveness } from "../../../broker/liveness.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

function watch(limits: Partial<ConstructorParameters<typeof Liveness>[1]> = {}) {
  const clock = new FakeClock();
  const said: string[] = [];
  const all = { pingIntervalMs: 100, maxPingsOut: 2, authTimeoutMs: 250, ...limits };
  const liveness = new Liveness(clock, all, {
    authenticationTimedOut: () => said.push("out"),
    pingDue: () => said.push("ping"),
    wentStale: () => said.push("stale"),
  });
  return { clock, said, liveness };
}

Deno.test("silence is pinged so many times, then it is stale, and no timer is left", () => {
  const { clock, said, liveness } = watch();
  liveness.start(false);
  clock.advance(10_000);
  deepEqual(said, ["ping", "ping", "stale"]);
  equal(clock.pending, 0);
});

Deno.test("whoever was heard within the interval is not pinged, and starts afresh", () => {
  const { clock, said, liveness } = watch();
  liveness.start(false);
  clock.advance(200);
  liveness.heard();
  clock.advance(100);
  deepEqual(said, ["ping", "ping"]);
  clock.advance(200);
  deepEqual(said, ["ping", "ping", "ping", "ping"]);
  clock.advance(100);
  equal(said.at(-1), "stale");
});

Deno.test("who must log in has so long, who has logged in is left alone", () => {
  const late = watch({ pingIntervalMs: 10_000 });
  late.liveness.start(true);
  late.clock.advance(249);
  deepEqual(late.said, []);
  late.clock.advance(1);
  deepEqual(late.said, ["out"]);
  const timely = watch({ pingIntervalMs: 10_000 });
  timely.liveness.start(true);
  timely.liveness.authenticated();
  timely.clock.advance(9_999);
  deepEqual(timely.said, []);
});

Deno.test("stop() leaves no timer, also from within an event", () => {
  const { clock, said, liveness } = watch();
  liveness.start(true);
  liveness.stop();
  equal(clock.pending, 0);
  const inside = new FakeClock();
  const ended = new Liveness(inside, { pingIntervalMs: 100, maxPingsOut: 2, authTimeoutMs: 250 }, {
    authenticationTimedOut: () => {},
    pingDue: () => ended.stop(),
    wentStale: () => said.push("stale"),
  });
  ended.start(true);
  inside.advance(1_000);
  equal(inside.pending, 0);
  deepEqual(said, []);
});
