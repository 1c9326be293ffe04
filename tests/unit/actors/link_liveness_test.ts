import assert from "node:assert/strict";
import { encodeBye, encodeHello, encodeState, parseFrame } from "../../../actors/frame.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { endsOf, HEARTBEAT_MS, LinkHarness, type Party } from "./link_harness.ts";

/** Down within 3 heartbeats: and how long it took. */
async function msUntilDown(harness: LinkHarness, party: Party): Promise<number> {
  const from = harness.clock.now();
  while (!party.events.some((event) => event.startsWith("down"))) {
    await harness.clock.run(50);
    assert.ok(harness.clock.now() - from < 20 * HEARTBEAT_MS, "a down comes at all");
  }
  return harness.clock.now() - from;
}

Deno.test("a watched peer that falls silent is unreachable after 1.5 heartbeats and down after 3", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  await harness.clock.run(30 * HEARTBEAT_MS);
  assert.deepEqual(a.events, []);
  await harness.kill(b);
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1"]);
  await harness.clock.run(HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1", "down node.b b1 silent"]);
  await harness.close(a, b);
});

Deno.test("a watched peer that was silent for a while is reachable again", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  b.bus.die();
  await harness.clock.run(2 * HEARTBEAT_MS);
  b.bus.restore();
  await harness.clock.run(HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1", "reachable node.b b1"]);
  await harness.close(a, b);
});

Deno.test("a peer of whom nothing was ever heard is down after 3 heartbeats", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  a.node.watch("node.nobody");
  const ms = await msUntilDown(harness, a);
  assert.ok(ms > 2.5 * HEARTBEAT_MS && ms <= 3 * HEARTBEAT_MS, `${ms} ms`);
  assert.deepEqual(a.events, ["unreachable node.nobody null", "down node.nobody null silent"]);
  await harness.clock.run(10 * HEARTBEAT_MS);
  assert.equal(a.events.length, 2, "a down ends the watch");
  await harness.close(a);
});

Deno.test("a client may be silent for a minute: its program may block its thread", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  a.node.watch("client.busy");
  await harness.clock.run(50 * HEARTBEAT_MS);
  assert.deepEqual(a.events.filter((event) => event.startsWith("down")), []);
  await harness.clock.run(20 * HEARTBEAT_MS);
  assert.deepEqual(a.events.filter((event) => event.startsWith("down")), ["down client.busy null silent"]);
  await harness.close(a);
});

Deno.test("an idle link that nobody watches is quiet, and a dead peer at its end is still found in the end", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.clock.run(15 * HEARTBEAT_MS);
  assert.deepEqual(await harness.frames(() => harness.clock.run(30 * HEARTBEAT_MS)), []);
  await harness.kill(b);
  await harness.clock.run(80 * HEARTBEAT_MS);
  assert.equal(a.events.at(-1), "down node.b b1 silent");
  await harness.close(a, b);
});

Deno.test("unwatch() ends the heartbeats of an idle link", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  await harness.clock.run(15 * HEARTBEAT_MS);
  const watched = await harness.frames(() => harness.clock.run(10 * HEARTBEAT_MS));
  assert.equal(watched.filter((frame) => frame === "a>state").length, 10, "one question a heartbeat");
  a.node.unwatch("node.b");
  assert.deepEqual(await harness.frames(() => harness.clock.run(10 * HEARTBEAT_MS)), []);
  await harness.close(a, b);
});

Deno.test("a judge that stalls kills nobody", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  b.node.watch("node.a");
  for (let i = 0; i < 20; i++) {
    await harness.clock.run(700);
    harness.clock.stall(60_000);
  }
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual([a.events, b.events], [[], []]);
  await harness.close(a, b);
});

Deno.test("a judge that is on time, and whose broker does not get to read what others say, kills nobody", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  await harness.clock.run(3 * HEARTBEAT_MS);
  a.bus.stopReading();
  // It goes on speaking, or the other would take it for dead, and rightly.
  for (let beat = 0; beat < 20; beat++) {
    a.node.send("node.b", [beat]);
    await harness.clock.run(HEARTBEAT_MS);
  }
  a.bus.readOn();
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual([a.events, b.events, b.messages.length], [[], [], 20]);
  // One that is dead is found out all the same, once it reads on.
  a.bus.stopReading();
  await harness.kill(b);
  await harness.clock.run(20 * HEARTBEAT_MS);
  assert.deepEqual(a.events, []);
  a.bus.readOn();
  assert.ok(await msUntilDown(harness, a) <= 4 * HEARTBEAT_MS);
  await harness.close(a);
});

Deno.test("a machine that slept for an hour wakes with all its peers", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  b.node.watch("node.a");
  await harness.clock.run(3 * HEARTBEAT_MS);
  harness.clock.stall(3_600_000);
  await harness.clock.run(10 * HEARTBEAT_MS);
  assert.deepEqual([a.events, b.events], [[], []]);
  await harness.close(a, b);
});

Deno.test("a bus that is away for minutes kills nobody, however late the peer comes back", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  b.node.watch("node.a");
  a.bus.cut();
  b.bus.cut();
  await harness.clock.run(300 * HEARTBEAT_MS);
  a.bus.restore();
  await harness.clock.run(4 * HEARTBEAT_MS);
  b.bus.restore();
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1", "reachable node.b b1"]);
  assert.deepEqual(b.events, ["unreachable node.a a1", "reachable node.a a1"]);
  await harness.close(a, b);
});

Deno.test("a peer that does not come back after our own absence is down in the end", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  a.bus.cut();
  await harness.kill(b);
  await harness.clock.run(60 * HEARTBEAT_MS);
  a.bus.restore();
  const ms = await msUntilDown(harness, a);
  assert.ok(ms > 4.5 * HEARTBEAT_MS && ms <= 5.5 * HEARTBEAT_MS, `grace and three heartbeats: ${ms} ms`);
  await harness.close(a, b);
});

Deno.test("a node that comes back as another life is down, and nothing for the old life reaches the new one", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.kill(b);
  a.node.send("node.b", ["for the old life"]);
  await harness.clock.run(100);
  const again = harness.party("b", "b2");
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual(a.events.filter((event) => event.startsWith("down")), ["down node.b b1 incarnation-changed"]);
  a.node.send("node.b", ["for the new life"]);
  await harness.clock.run(100);
  assert.deepEqual(again.messages, [["for the new life"]]);
  await harness.close(a, b, again);
});

Deno.test("a new life that speaks first is heard after the old one's down", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.kill(b);
  const again = harness.party("b", "b2");
  const told: string[] = [];
  a.onDown = () => told.push("down");
  a.onMessage = (_from, [text]) => told.push(text as string);
  again.node.send("node.a", ["hello from the new one"]);
  await harness.clock.run(100);
  assert.deepEqual(a.events, ["down node.b b1 incarnation-changed"]);
  assert.deepEqual(told, ["down", "hello from the new one"]);
  await harness.close(a, b, again);
});

Deno.test("a hello of the past takes no link down", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  harness.inject("a", encodeHello(endsOf({ from: "node.b", incarnation: "b0", generation: 7 }), 1_000));
  await harness.clock.run(10 * HEARTBEAT_MS);
  a.node.send("node.b", ["still there"]);
  await harness.clock.run(10);
  assert.deepEqual(a.events, []);
  assert.deepEqual(b.messages, [["still there"]]);
  await harness.close(a, b);
});

Deno.test("when one side declares the other down, the other is told, and a new link begins after that", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  // Idle, so that only the watching side judges.
  await harness.clock.run(15 * HEARTBEAT_MS);
  a.node.watch("node.b");
  b.bus.die();
  await msUntilDown(harness, a);
  assert.deepEqual(b.events, []);
  b.bus.restore();
  const told: string[] = [];
  b.onDown = () => told.push("down");
  b.onMessage = (_from, [text]) => told.push(text as string);
  b.node.send("node.a", ["over the dead link"]);
  await harness.clock.run(20);
  assert.deepEqual(b.events, ["down node.a a1 silent"]);
  assert.deepEqual(a.messages, []);
  b.node.send("node.a", ["over a new one"]);
  a.node.send("node.b", ["and back"]);
  await harness.clock.run(20);
  assert.deepEqual(a.messages, [["over a new one"]]);
  assert.deepEqual(told, ["down", "and back"]);
  await harness.close(a, b);
});

Deno.test("whoever was declared down hears nothing of a new link before its own down", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  // Idle, so that only the watching side judges.
  await harness.clock.run(15 * HEARTBEAT_MS);
  a.node.watch("node.b");
  b.bus.die();
  await msUntilDown(harness, a);
  b.bus.restore();
  const told: string[] = [];
  b.onDown = () => told.push("down");
  b.onMessage = (_from, [text]) => told.push(text as string);
  a.node.send("node.b", ["a new link from the judge"]);
  await harness.clock.run(20);
  assert.deepEqual(told, ["down", "a new link from the judge"]);
  await harness.close(a, b);
});

Deno.test("both sides declaring each other down ends the matter", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.watch("node.b");
  b.node.watch("node.a");
  harness.net.faults = { ...harness.net.faults, lose: 1 };
  await harness.clock.run(5 * HEARTBEAT_MS);
  harness.net.faults = { ...harness.net.faults, lose: 0 };
  assert.deepEqual(await harness.frames(() => harness.clock.run(10 * HEARTBEAT_MS)), []);
  assert.equal(a.events.at(-1), "down node.b b1 silent");
  assert.equal(b.events.at(-1), "down node.a a1 silent");
  await harness.close(a, b);
});

Deno.test("a message sent from within a down goes to the next life", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.onDown = (peer) => a.node.send(peer, ["to whoever comes"]);
  await harness.kill(b);
  const again = harness.party("b", "b2");
  again.node.send("node.a", ["I am new"]);
  await harness.clock.run(100);
  assert.deepEqual(again.messages, [["to whoever comes"]]);
  await harness.close(a, b, again);
});

Deno.test("a peer of another protocol is down at once, with a log line, and nothing is delivered", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  a.node.send("node.x", ["never delivered"]);
  const seen: unknown[] = [];
  harness.net.tap = (subject, data) => {
    if (subject.endsWith(".x")) seen.push(parseFrame(data.slice()));
  };
  harness.inject("a", encodeHello(endsOf({}), 1_000, PROTOCOL_VERSION + 1));
  await harness.clock.run(10);
  assert.deepEqual(a.events, ["down node.x x1 version-mismatch"]);
  assert.deepEqual(a.logged, [
    "error Cannot talk to a node of another protocol number; run the same version of Troupe on both sides.",
  ]);
  const answer = seen.at(-1) as { kind: string; toIncarnation: string };
  assert.deepEqual([answer.kind, answer.toIncarnation], ["hello", "x1"], "the other side can learn of it too");
  await harness.close(a);
});

Deno.test("a forged hello of another protocol does not hurt a link that stands", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  harness.inject("a", encodeHello(endsOf({ from: "node.b" }), 1_000, PROTOCOL_VERSION + 1));
  await harness.clock.run(10);
  a.node.send("node.b", ["still there"]);
  await harness.clock.run(10);
  assert.deepEqual(a.events, []);
  assert.deepEqual(b.messages, [["still there"]]);
  await harness.close(a, b);
});

Deno.test("a peer that hears us and cannot be heard is told at once that it was declared down", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.clock.run(15 * HEARTBEAT_MS);
  a.node.watch("node.b");
  b.bus.mute = true;
  await msUntilDown(harness, a);
  await harness.clock.run(10);
  assert.deepEqual(b.events, ["down node.a a1 silent"]);
  await harness.close(a, b);
});

Deno.test("silence before our own reconnect does not count", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  // Idle, so that only the watching side judges.
  await harness.clock.run(15 * HEARTBEAT_MS);
  a.node.watch("node.b");
  b.bus.mute = true;
  await harness.clock.run(2.5 * HEARTBEAT_MS);
  a.bus.cut();
  a.bus.restore();
  await harness.clock.run(4 * HEARTBEAT_MS);
  b.bus.mute = false;
  await harness.clock.run(HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1", "reachable node.b b1"]);
  await harness.close(a, b);
});

Deno.test("a hello of the past, heard before any contact, keeps the living from nothing", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  a.node.send("node.b", ["to the living"]);
  harness.inject("a", encodeHello(endsOf({ from: "node.b", incarnation: "b0", generation: 7 }), 1_000));
  await harness.clock.run(HEARTBEAT_MS);
  const b = harness.party("b");
  await harness.clock.run(1.5 * HEARTBEAT_MS);
  assert.deepEqual(b.messages, [["to the living"]]);
  assert.deepEqual(a.events, ["unreachable node.b null", "reachable node.b b1"]);
  await harness.close(a, b);
});

/** Makes `a` challenge a made-up life of `b`; the number of the end that it offers. */
async function challenge(harness: LinkHarness): Promise<number> {
  let generation = 0;
  harness.net.tap = (_subject, data) => {
    const frame = parseFrame(data.slice());
    if (frame?.kind === "hello" && frame.toIncarnation === "b2") generation = frame.generation;
  };
  harness.inject("a", encodeHello(endsOf({ from: "node.b", incarnation: "b2", generation: 7 }), 1_000));
  await harness.clock.run(1);
  harness.net.tap = null;
  assert.ok(generation > 0, "there was an answer");
  return generation;
}

const STATE = { sent: 0, ack: 0, credit: 1_000, asks: false, misses: false };

Deno.test("a challenge that is met replaces the link", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.kill(b);
  const toGeneration = await challenge(harness);
  const ends = endsOf({ from: "node.b", incarnation: "b2", generation: 7, toIncarnation: "a1", toGeneration });
  harness.inject("a", encodeState(ends, STATE));
  await harness.clock.run(1);
  assert.deepEqual(a.events, ["down node.b b1 incarnation-changed"]);
  await harness.close(a, b);
});

Deno.test("a challenge that is not met in time, or answered by a good-bye, is forgotten", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  // Idle, so that the old life's death is not noticed meanwhile.
  await harness.clock.run(15 * HEARTBEAT_MS);
  await harness.kill(b);
  for (const saysBye of [false, true]) {
    const toGeneration = await challenge(harness);
    const ends = endsOf({ from: "node.b", incarnation: "b2", generation: 7, toIncarnation: "a1", toGeneration });
    if (saysBye) harness.inject("a", encodeBye(ends));
    await harness.clock.run(saysBye ? 1 : 4 * HEARTBEAT_MS);
    const frames = await harness.frames(async () => {
      harness.inject("a", encodeState(ends, STATE));
      await harness.clock.run(1);
    });
    assert.deepEqual(frames, ["b>state", "a>reset"]);
  }
  assert.deepEqual(a.events, []);
  await harness.close(a, b);
});

Deno.test("many frames to a dead link are answered once in half a heartbeat", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  const frames = await harness.frames(async () => {
    for (let i = 0; i < 100; i++) {
      harness.inject("a", encodeState(endsOf({ toIncarnation: "a0", toGeneration: 1 }), STATE));
    }
    await harness.clock.run(10);
  });
  assert.equal(frames.filter((frame) => frame === "a>reset").length, 1);
  await harness.close(a);
});
