import assert from "node:assert/strict";
import { Roster } from "../../../cluster/roster.ts";
import type { Fact } from "../../../protocol/facts.ts";
import type { EngineId, EngineUuid, HostId } from "../../../protocol/ids.ts";

const host = "h" as HostId;
const idle = "without-engines" as HostId;
const joined: Fact = { kind: "host-joined", at: 0, host: idle, hostname: "box", pid: 1, packageVersion: "0" };

function engineJoined(id: number): Fact {
  return { kind: "engine-joined", at: 0, engine: id as EngineId, uuid: "u" as EngineUuid, host, pid: 2, slots: 1 };
}

Deno.test("a roster changes with hosts that have engines and with new engine ids, and says so once", () => {
  const roster = new Roster({ hosts: [], nextEngineId: 0 });
  assert.equal(roster.apply([joined]), false);
  assert.equal(roster.apply([engineJoined(3)]), true);
  assert.deepEqual(roster.report(), { hosts: [host], nextEngineId: 4 });
  assert.equal(roster.apply([joined, engineJoined(2)]), false);
  assert.equal(roster.apply([{ kind: "host-lost", at: 1, host, reason: "silent" }]), true);
  assert.deepEqual(roster.report(), { hosts: [], nextEngineId: 4 });
});

Deno.test("a further life goes on from what the one before left", () => {
  const roster = new Roster({ hosts: [host], nextEngineId: 7 });
  assert.equal(roster.apply([engineJoined(5)]), false);
  assert.deepEqual(roster.report(), { hosts: [host], nextEngineId: 7 });
});
