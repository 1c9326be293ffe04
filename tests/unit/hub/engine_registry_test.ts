import assert from "node:assert/strict";
import { EngineRegistry, MAX_LOST_HOSTS } from "../../../hub/engine_registry.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { EngineId, EngineUuid, HostId } from "../../../protocol/ids.ts";

const host = "h" as HostId;
const engine = 0 as EngineId;
const joinedHost: Fact = { kind: "host-joined", at: 1, host, hostname: "box", pid: 7, packageVersion: "1" };
const joined: Fact = { kind: "engine-joined", at: 2, engine, uuid: "u" as EngineUuid, host, pid: 8, slots: 1 };

function registryOf(...facts: Fact[]): EngineRegistry {
  const registry = new EngineRegistry();
  facts.forEach((fact) => registry.apply(fact));
  return registry;
}

Deno.test("an engine that is expected is starting, then idle, then busy while it has tasks", () => {
  const registry = registryOf(joinedHost, { kind: "engine-expected", at: 1, engine, host });
  assert.equal(registry.engines()[0]?.state, "starting");
  registry.apply({ ...joined, slots: 4 });
  assert.equal(registry.engines()[0]?.state, "idle");
  assert.deepEqual([registry.engines()[0]?.slots, registry.slotsOf(engine), registry.slotsOf(7 as EngineId)], [
    4,
    4,
    1,
  ]);
  registry.assigned(engine);
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.load], ["busy", 1]);
  registry.unassigned(engine, "completed");
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.completed], ["idle", 1]);
});

Deno.test("an engine that its host brings back after it was lost is starting", () => {
  const lost: Fact = { kind: "host-lost", at: 3, host, reason: "silent" };
  const registry = registryOf(joinedHost, joined, lost);
  assert.equal(registry.engines()[0]?.state, "down");
  registry.apply(joinedHost);
  registry.apply({ kind: "engine-expected", at: 4, engine, host });
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.reason], ["starting", null]);
});

Deno.test("an engine that could not start says why, and failed once it is given up", () => {
  const failed = (givenUp: boolean): Fact => ({
    kind: "engine-failed",
    at: 2,
    engine,
    host,
    reason: "bad flag",
    givenUp,
  });
  const registry = registryOf(joinedHost, failed(false));
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.reason], ["starting", "bad flag"]);
  registry.apply(failed(true));
  assert.equal(registry.engines()[0]?.state, "failed");
  const before = registry.engines()[0];
  registry.apply({ kind: "host-lost", at: 5, host, reason: "stopped" });
  assert.deepEqual(registry.engines()[0], before, "also when its host is gone");
});

Deno.test("an engine that was stopped on request is gone; one that crashed counts a restart when it is back", () => {
  const left = (requested: boolean): Fact => ({
    kind: "engine-left",
    at: 3,
    engine,
    reason: "SIGKILL",
    requested,
    returns: !requested,
  });
  assert.deepEqual(registryOf(joinedHost, joined, left(true)).engines(), []);
  const registry = registryOf(joinedHost, joined, left(false));
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.reason], ["starting", "SIGKILL"]);
  registry.apply(joined);
  assert.deepEqual([registry.engines()[0]?.state, registry.engines()[0]?.restarts], ["idle", 1]);
});

Deno.test("a lost host takes its engines down", () => {
  const registry = registryOf(joinedHost, joined, { kind: "host-lost", at: 4, host, reason: "silent" });
  assert.equal(registry.hosts()[0]?.alive, false);
  assert.equal(registry.engines()[0]?.state, "down");
});

Deno.test("of hosts that come and go only the last are kept, and those that are back are not among them", () => {
  const registry = registryOf(joinedHost, joined);
  registry.apply({ kind: "host-lost", at: 3, host, reason: "silent" });
  registry.apply(joinedHost);
  for (let index = 0; index <= MAX_LOST_HOSTS; index++) {
    const passing = `h${index}` as HostId;
    const id = (index + 1) as EngineId;
    registry.apply({ ...joinedHost, host: passing } as Fact);
    registry.apply({ ...joined, host: passing, engine: id } as Fact);
    registry.apply({ kind: "host-lost", at: 4, host: passing, reason: "stopped" });
  }
  const ids = registry.hosts().map(({ id }) => id);
  assert.equal(ids.length, MAX_LOST_HOSTS + 1);
  assert.ok(ids.includes(host), "it is alive");
  assert.ok(!ids.includes("h0" as HostId) && ids.includes("h1" as HostId));
  assert.equal(registry.engines().length, MAX_LOST_HOSTS + 1);
});

Deno.test("an engine runs one more task for each that lends its slot, until its process ends", () => {
  const registry = registryOf(joinedHost, joined, { kind: "slots-lent", at: 3, engine, lent: 2 });
  assert.deepEqual([registry.slotsOf(engine), registry.engines()[0]?.slots], [3, 1]);
  registry.apply({ kind: "slots-lent", at: 4, engine, lent: 0 });
  assert.equal(registry.slotsOf(engine), 1);
  registry.apply({ kind: "slots-lent", at: 5, engine, lent: 1 });
  registry.apply({ ...joined, uuid: "v" as EngineUuid });
  assert.equal(registry.slotsOf(engine), 1);
});
