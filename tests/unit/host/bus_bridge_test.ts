import assert from "node:assert/strict";
import { encodeState } from "../../../actors/frame.ts";
import { encodeNameMessage } from "../../../actors/name_message.ts";
import type { BusMessage } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { BusBridge } from "../../../host/bus_bridge.ts";
import type { HostId, Session } from "../../../protocol/ids.ts";
import { TO_ENGINE, type ToEngineMessage } from "../../../protocol/pipe_messages.ts";
import { nameSubject, nodeSubject, pureSubject } from "../../../protocol/subjects.ts";
import { encodeFrame } from "../../../wire/frame_codec.ts";

/** A bridge, somebody who hears everything, and what the engine is told. */
function stage() {
  const broker = new MemoryBroker();
  const bus = broker.connect();
  const ear = broker.connect();
  const heard: string[] = [];
  const told: ToEngineMessage[] = [];
  const ended: Session[] = [];
  ear.subscribe(">", ({ subject }) => void heard.push(subject));
  const bridge = new BusBridge({ bus, cluster: "c", host: "h" as HostId }, {
    send: (message) => told.push(message),
    clientEnded: (session) => ended.push(session),
  });
  const settle = async () => {
    await bus.flush();
    await ear.flush();
  };
  return { broker, bus, ear, heard, told, ended, bridge, settle };
}

function frameFrom(address: string): Uint8Array {
  const ends = { from: address as never, incarnation: "i", generation: 1, toIncarnation: "j", toGeneration: 1 };
  return encodeState(ends, { sent: 0, ack: 0, credit: 0, asks: false, misses: false });
}

const WHO = encodeNameMessage({ kind: "who" });

Deno.test("a client in an engine is told who it is, hears what is for it, and nothing else", async () => {
  const { bridge, ear, told, settle } = stage();
  assert.deepEqual(told, [[TO_ENGINE.busIs, "open", "c", bridge.session, "h", 1024 * 1024]]);
  ear.publish(nodeSubject("c", "client", bridge.session), new Uint8Array([1]));
  ear.publish(nodeSubject("c", "client", "abcdefghij"), new Uint8Array([2]));
  ear.publish(nodeSubject("c", "host", "h"), new Uint8Array([3]));
  await settle();
  const [, message, ...others] = told;
  assert.deepEqual([message?.[0], message?.[2]], [TO_ENGINE.busDelivers, new Uint8Array([1])]);
  assert.deepEqual(others, []);
});

Deno.test("it speaks in its own name, to controllers, hosts and itself", async () => {
  const { bridge, heard, settle } = stage();
  const own = frameFrom(`client.${bridge.session}`);
  const welcome = ["controller.a", "host.b"].map((place) => `troupe.c.${place}`);
  for (const subject of welcome) bridge.publish(subject, own, null);
  bridge.publish(nodeSubject("c", "client", bridge.session), new Uint8Array([9]), null);
  await settle();
  assert.deepEqual(heard, [...welcome, nodeSubject("c", "client", bridge.session)]);
});

Deno.test("what no client would say is dropped: other names, other places, names claimed, other clusters", async () => {
  const { bridge, heard, settle } = stage();
  const own = frameFrom(`client.${bridge.session}`);
  bridge.publish("troupe.c.controller.a", frameFrom("client.abcdefghij"), null);
  bridge.publish("troupe.c.controller.a", frameFrom("host.h"), null);
  bridge.publish("troupe.c.controller.a", new Uint8Array([1]), null);
  bridge.publish("troupe.c.client.abcdefghij", own, null);
  bridge.publish("troupe.d.controller.a", own, null);
  bridge.publish("troupe.c.controller.a.inbox.x", own, null);
  bridge.publish("anything", own, null);
  const claim = { address: "client.x", incarnation: "i", ageMs: 1e9, token: "t", echo: null } as const;
  const forged = encodeNameMessage({ kind: "claim", ...claim });
  bridge.publish(nameSubject("c", "scheduler"), forged, null);
  bridge.publish(nameSubject("c", "scheduler"), forged, "answer");
  bridge.publish(nameSubject("c", "mine"), WHO, "answer");
  bridge.publish(pureSubject("c"), encodeFrame(["abcdefghij", "abcdefghij", [], [], []]), null);
  await settle();
  assert.deepEqual(heard, []);
  bridge.publish(pureSubject("c"), encodeFrame([bridge.session, bridge.session, [], [], []]), null);
  await settle();
  assert.deepEqual(heard, [pureSubject("c")]);
});

Deno.test("it asks who has a name, and hears the answer", async () => {
  const { bridge, ear, told, settle } = stage();
  ear.subscribe(nameSubject("c", "scheduler"), ({ reply }: BusMessage) => {
    if (reply !== undefined) ear.publish(reply, new Uint8Array([7]));
  });
  bridge.publish(nameSubject("c", "scheduler"), WHO, "mine.2");
  await settle();
  await settle();
  const answers = told.slice(1).filter(([kind]) => kind === TO_ENGINE.busDelivers);
  assert.deepEqual(answers, [[TO_ENGINE.busDelivers, "mine.2", new Uint8Array([7])]]);
});

Deno.test("it hears how the host's connection is, and is over with the engine", async () => {
  const { broker, bus, bridge, told, ended, ear, settle } = stage();
  broker.disconnect(bus);
  broker.reconnect(bus);
  const states = told.map(([, state]) => state);
  assert.deepEqual(states, ["open", "disconnected", "connected"]);
  bridge.close();
  bridge.close();
  assert.deepEqual(ended, [bridge.session]);
  ear.publish(nodeSubject("c", "client", bridge.session), new Uint8Array([1]));
  await settle();
  assert.equal(told.length, 3);
});
