import assert from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { PipeBus } from "../../../cluster/pipe_bus.ts";
import { BusBridge } from "../../../host/bus_bridge.ts";
import type { HostId } from "../../../protocol/ids.ts";
import { TO_ENGINE, TO_HOST, type ToEngineMessage, type ToHostMessage } from "../../../protocol/pipe_messages.ts";
import { inboxPrefix } from "../../../protocol/subjects.ts";
import { ConnectionError, NoRespondersError } from "../../../wire/errors.ts";
import { silentLog } from "../../../wire/log.ts";

class Echo extends Actor {
  readonly heard: unknown[] = [];

  say(text: string): string {
    this.heard.push(text);
    return `${text}, ${text}`;
  }
}

/** An engine's bus and its host's end of the pipe, with nothing between them. */
function pipe() {
  const broker = new MemoryBroker();
  const hostBus = broker.connect();
  const early: ToEngineMessage[] = [];
  let engine: PipeBus | null = null;
  const toEngine = (message: ToEngineMessage) => {
    if (message[0] !== TO_ENGINE.busDelivers && message[0] !== TO_ENGINE.busIs) return;
    if (engine === null) early.push(message);
    else engine.receive(message);
  };
  const bridge = new BusBridge({ bus: hostBus, cluster: "c", host: "h" as HostId }, {
    send: toEngine,
    clientEnded() {},
  });
  const toHost = (message: ToHostMessage) => {
    if (message[0] === TO_HOST.busPublish) bridge.publish(message[1], message[2], message[3] ?? null);
  };
  const { session } = bridge;
  engine = new PipeBus(toHost, 1024 * 1024, inboxPrefix("c", "client", session));
  return { broker, hostBus, bridge, bus: engine.bus, session };
}

Deno.test("an actor system on the pipe finds an actor by its name and talks to it", async () => {
  const { broker, bus, session } = pipe();
  await using far = await ActorSystem.connect({ bus: broker.connect(), name: "c", role: "controller", node: "k" });
  await far.spawn(Echo, { name: "scheduler" });
  await using near = await ActorSystem.connect({ bus, name: "c", role: "client", node: session, log: silentLog });
  assert.equal(await near.ref<Echo>("scheduler").call.say("hello"), "hello, hello");
});

Deno.test("a name that nobody has is known at once, and a subject without listeners too", async () => {
  const { bus } = pipe();
  await assert.rejects(bus.request("troupe.c.name.hub", new TextEncoder().encode(`{"kind":"who"}`)), NoRespondersError);
});

Deno.test("when the host's connection is away so is this one, and it comes back with it", async () => {
  const { broker, hostBus, bus } = pipe();
  const seen: string[] = [];
  bus.onStatus((status) => void seen.push(status));
  broker.disconnect(hostBus);
  assert.throws(() => bus.publish("troupe.c.host.h", new Uint8Array(1)), ConnectionError);
  broker.reconnect(hostBus);
  await hostBus.close();
  assert.deepEqual(seen, ["disconnected", "connected", "closed"]);
  assert.ok(await bus.closed instanceof ConnectionError);
});
