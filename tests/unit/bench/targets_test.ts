/** Tests of the ratios of a run. @module */
import assert from "node:assert/strict";
import type { PeerFigures } from "../../../bench/peers_bench.ts";
import type { BenchParts } from "../../../bench/report.ts";
import { ratiosOf } from "../../../bench/targets.ts";

function peer(name: string, startS: number, rate: number): PeerFigures {
  return {
    peer: name,
    version: "1",
    engines: 4,
    start_s: startS,
    latency_ms_p50: 1,
    latency_ms_p95: 2,
    tasks_per_s: rate,
  };
}

function find(parts: BenchParts, what: string, yardstick: string) {
  const found = ratiosOf(parts).find((one) => one.what === what && one.yardstickName === yardstick);
  assert.ok(found);
  return found;
}

const OURS = [peer("troupe (hwm 1)", 1, 8_000), peer("troupe (hwm 0)", 1, 80_000)];

Deno.test("a rate that is 25 times that of ipyparallel reaches its target, 24 times does not", () => {
  const against = (rate: number): BenchParts => ({
    peers: { rounds: 1, measured: [...OURS, peer("ipyparallel", 5, rate)], missing: [] },
  });
  assert.equal(find(against(320), "tasks/s, hwm 1", "ipyparallel").reached, true);
  assert.equal(find(against(8_000 / 24), "tasks/s, hwm 1", "ipyparallel").reached, false);
  assert.equal(find(against(320), "start, s", "ipyparallel").reached, true);
});

Deno.test("a peer that was not measured leaves the target unknown", () => {
  const one = find({ peers: { rounds: 1, measured: OURS, missing: [] } }, "tasks/s, hwm 0", "piscina");
  assert.equal(one.ratio, null);
  assert.equal(one.reached, null);
});

Deno.test("latency is judged by a raw request on the same carrier", () => {
  const parts: BenchParts = {
    latency: {
      "embedded": { apply: { p50: 0.9, p95: 2 }, rawRequest: { p50: 0.5, p95: 1 } },
      "nats-server": { apply: { p50: 0.9, p95: 2 }, rawRequest: { p50: 0.3, p95: 1 } },
    },
  };
  assert.equal(find(parts, "latency p50, ms (embedded)", "one raw request on embedded").reached, true);
  assert.equal(find(parts, "latency p50, ms (nats-server)", "one raw request on nats-server").reached, false);
});

Deno.test("a carrier that is missing has no ratios", () => {
  const parts: BenchParts = { latency: { "nats-server": { missing: "not installed" } } };
  assert.deepEqual(ratiosOf(parts), []);
});

Deno.test("hwm auto is judged by the ratio round by round, from below and from above", () => {
  const compared = (ratio: number) => ({ auto: 1, other: 1, ratio });
  const mixed = { oneFunction: compared(1.03), twoFunctions: compared(1.04) };
  const parts: BenchParts = { auto: { noop: compared(0.6), spinning: mixed, sleeping: mixed } };
  assert.deepEqual(ratiosOf(parts).map(({ reached }) => reached), [true, true, false, true, false]);
  assert.match(ratiosOf(parts)[1]?.what ?? "", /mixed spinning tasks of one function/);
});

Deno.test("the largest idle engine is held against the bound", () => {
  const small = { rss: 50, anonymous: 10 };
  const cluster = { host: small, controller: small, engines: [small, { rss: 66, anonymous: 10 }] };
  const [one] = ratiosOf({ memory: { idle: cluster, afterLoad: cluster, tasks: 1 } });
  assert.equal(one?.value, 66);
  assert.equal(one?.reached, false);
});
