import assert from "node:assert/strict";
import type { LinkMessage } from "../../../actors/link_port.ts";
import { Node } from "../../../actors/node.ts";
import type { Bus } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { systemClock } from "../../../wire/clock.ts";
import { silentLog } from "../../../wire/log.ts";

function nodeOn(bus: Bus, name: string): Node {
  return new Node({
    bus,
    cluster: "c",
    role: "node",
    node: name,
    incarnation: crypto.randomUUID(),
    clock: systemClock,
    log: silentLog,
  });
}

/** Resolves with the first `count` messages. */
function arrival(node: Node, count: number): Promise<LinkMessage[]> {
  const messages: LinkMessage[] = [];
  return new Promise((resolve, reject) => {
    node.listen({
      message(_from, _incarnation, message) {
        if (messages.push(message) === count) resolve(messages);
      },
      down: (peer, _incarnation, reason) => reject(new Error(`${peer} is down: ${reason}`)),
      unreachable() {},
      reachable() {},
    });
  });
}

Deno.test("nodes talk over the in-memory bus on the machine's clock, messages of 20 MB included", async () => {
  const broker = new MemoryBroker();
  await using busA = broker.connect();
  await using busB = broker.connect();
  await using a = nodeOn(busA, "a");
  await using b = nodeOn(busB, "b");
  const arrived = arrival(b, 3);
  a.send("node.b", ["small"]);
  a.send("node.b", ["big", new Uint8Array(20_000_000).fill(9)]);
  a.send("node.b", ["small again"]);
  const messages = await arrived;
  assert.deepEqual(messages.map((message) => message[0]), ["small", "big", "small again"]);
  const body = messages[1]?.[1];
  assert.ok(body instanceof Uint8Array && body.length === 20_000_000 && body.every((byte) => byte === 9));
});

Deno.test("a link over the in-memory bus resumes after either side was cut off", async () => {
  const broker = new MemoryBroker();
  await using busA = broker.connect();
  await using busB = broker.connect();
  await using a = nodeOn(busA, "a");
  await using b = nodeOn(busB, "b");
  const count = 1_000;
  const arrived = arrival(b, count);
  for (let i = 0; i < count; i++) {
    a.send("node.b", [i]);
    await null;
    const bus = i % 200 === 50 ? busA : i % 200 === 150 ? busB : null;
    if (bus === null) continue;
    broker.disconnect(bus);
    a.send("node.b", [i += 1]);
    await null;
    broker.reconnect(bus);
  }
  assert.deepEqual(await arrived, Array.from({ length: count }, (_, i) => [i]));
});
