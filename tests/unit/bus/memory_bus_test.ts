/** The in-memory bus against the conformance suite, and what it adds to the port. @module */
import { deepEqual, throws } from "node:assert/strict";
import type { Bus } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { busConformance, type BusTestServer } from "../../broker/bus_conformance.ts";

function makeServer(): Promise<BusTestServer> {
  const broker = new MemoryBroker();
  const buses: Bus[] = [];
  return Promise.resolve({
    connect(options) {
      const bus = broker.connect(options);
      buses.push(bus);
      return Promise.resolve(bus);
    },
    goAway() {
      for (const bus of buses) broker.disconnect(bus);
      return Promise.resolve();
    },
    comeBack() {
      for (const bus of buses) broker.reconnect(bus);
      return Promise.resolve();
    },
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.close();
    },
  });
}

const inProcess = "buses of one process have no credentials";
busConformance("in-memory bus", makeServer, { without: { credentials: inProcess, permissions: inProcess } });

Deno.test("the injected generator picks the member of a queue group", async () => {
  const draws = [0, 0.99, 0.5, 0];
  const broker = new MemoryBroker({ random: () => draws.shift() ?? 0 });
  await using bus = broker.connect();
  const heard: number[] = [];
  for (const member of [0, 1, 2]) bus.subscribe("work", () => heard.push(member), { queue: "crew" });
  for (let index = 0; index < 4; index++) bus.publish("work", new Uint8Array(0));
  await bus.flush();
  deepEqual(heard, [0, 2, 1, 0]);
});

Deno.test("a MemoryBroker refuses to cut a bus of another one", async () => {
  await using bus = new MemoryBroker().connect();
  throws(() => new MemoryBroker().disconnect(bus), { name: "TypeError" });
});
