import assert from "node:assert/strict";
import { EngineGate } from "../../../cluster/engine_gate.ts";
import type { EngineId } from "../../../protocol/ids.ts";
import { within } from "../../../testing/within.ts";

const id = (number: number) => number as EngineId;

Deno.test("a gate opens when as many engines are ready as were wanted, and tells of each", async () => {
  const told: [number, number][] = [];
  const gate = new EngineGate(2, (ready, wanted) => told.push([ready, wanted]));
  gate.engineReady(id(0));
  gate.engineReady(id(1));
  await within(gate.ready, "both engines");
  assert.deepEqual(told, [[1, 2], [2, 2]]);
});

Deno.test("an engine that is tried again does not close the gate, one that is given up does, with the reason", async () => {
  const gate = new EngineGate(1);
  gate.engineFailed(id(0), "too early", false);
  gate.engineFailed(id(0), "no such flag", true);
  await assert.rejects(within(gate.ready, "the verdict"), { name: "EngineError", message: /engine 0: no such flag/ });
});

Deno.test("who waits for an engine that was given up before hears of it at once, until it is restarted", async () => {
  const gate = new EngineGate(0);
  gate.engineFailed(id(3), "no such flag", true);
  await assert.rejects(within(gate.allReady([id(3)]), "the verdict"), /engine 3: no such flag/);
  gate.expectAgain([id(3)]);
  const again = gate.allReady([id(3)]);
  gate.engineReady(id(3));
  await within(again, "the engine");
});

Deno.test("the end of the host ends all waiting, unless it was asked for", async () => {
  const gate = new EngineGate(1);
  const waiting = gate.allReady([id(0)]);
  gate.hostEnded("no controller");
  await assert.rejects(within(waiting, "the verdict"), /host ended: no controller/);
  assert.match((await within(gate.failed, "the reason")).message, /no controller/);
});

Deno.test("who waits for an engine that is stopped for good hears of it, before and after", async () => {
  const gate = new EngineGate(0);
  const waiting = gate.allReady([id(0), id(1)]);
  gate.engineReady(id(0));
  gate.engineGone(id(1), "it was stopped");
  await assert.rejects(within(waiting, "the verdict"), { name: "EngineError", message: /engine 1: it was stopped/ });
  await assert.rejects(within(gate.allReady([id(1)]), "the verdict"), /engine 1: it was stopped/);
});

Deno.test("the engines of a host that is stopping fail nobody", async () => {
  const gate = new EngineGate(1);
  gate.engineReady(id(0));
  gate.stopping();
  gate.engineGone(id(0), "it was stopped");
  await within(gate.ready, "the engine that was there");
  await within(gate.allReady([id(0)]), "the engine that was there");
});
