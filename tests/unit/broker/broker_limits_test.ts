/** Bounds: defaults, and what is refused. @module */
import { equal, throws } from "node:assert/strict";
import { resolveLimits } from "../../../broker/broker_limits.ts";

Deno.test("limits default to those of nats-server", () => {
  const limits = resolveLimits();
  equal(limits.maxPayload, 1_048_576);
  equal(limits.maxControlLine, 4_096);
  equal(limits.pingIntervalMs, 120_000);
  equal(limits.maxPingsOut, 2);
  equal(limits.maxPendingBytes, 64 * 1_024 * 1_024);
});

Deno.test("limits that are given count, also over the default payload", () => {
  const limits = resolveLimits({ maxConnections: 3 }, 2_000_000);
  equal(limits.maxConnections, 3);
  equal(limits.maxPayload, 2_000_000);
});

Deno.test("limits that are no whole numbers above 0 are a RangeError that names them", () => {
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    throws(() => resolveLimits({ pingIntervalMs: value }), { name: "RangeError", message: /pingIntervalMs/ });
    throws(() => resolveLimits({}, value), { name: "RangeError", message: /maxPayload/ });
  }
  throws(() => resolveLimits({}, 1_000_000_000), { name: "RangeError", message: /maxPayload 1000000000/ });
});
