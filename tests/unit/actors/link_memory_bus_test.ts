import assert from "node:assert/strict";
import { newIncarnation } from "../../../actors/incarnation.ts";
import type { LinkMessage } from "../../../actors/link_port.ts";
import { Node } from "../../../actors/node.ts";
import type { Bus } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { systemClock } from "../../../wire/clock.ts";
import { silentLog } from "../../../wire/log.ts";

function nodeOn(bus: Bus, name: string, incarnation = newIncarnation(0)): Node {
  return new Node({
    bus,
    cluster: "c",
    role: "node",
    node: name,
    incarnation,
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

Deno.test("a node that was followed by one of its name and a higher rank breaks none of that one's links", async () => {
  const broker = new MemoryBroker();
  await using busA = broker.connect();
  await using busB = broker.connect();
  await using busNext = broker.connect();
  await using a = nodeOn(busA, "a");
  let downs = 0;
  const changed = Promise.withResolvers<void>();
  a.listen({
    message() {},
    down: () => {
      downs++;
      changed.resolve();
    },
    unreachable() {},
    reachable() {},
  });
  await using first = nodeOn(busB, "b", newIncarnation(7));
  const heard = arrival(first, 1);
  a.send("node.b", ["to the first"]);
  await heard;
  await using next = nodeOn(busNext, "b", newIncarnation(8));
  const got: LinkMessage[] = [];
  const all = Promise.withResolvers<void>();
  next.listen({
    message: (_from, _incarnation, message) => {
      if (got.push(message) && message[1] === 99) all.resolve();
    },
    down() {},
    unreachable() {},
    reachable() {},
  });
  a.send("node.b", ["refused by the next, which is in the first's place"]);
  await changed.promise;
  // Both hear the hello of the new link; it may begin with the first, but it does not stay there.
  while (got.length === 0) {
    a.send("node.b", ["begins"]);
    await busA.flush();
  }
  const settled = downs;
  for (let i = 0; i < 100; i++) a.send("node.b", ["goes on", i]);
  await all.promise;
  assert.equal(downs, settled);
});
