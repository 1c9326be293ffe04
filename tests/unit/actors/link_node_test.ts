import assert from "node:assert/strict";
import { encodeData, encodeHello } from "../../../actors/frame.ts";
import { ConnectionError, MailboxFull, SerializationError } from "../../../wire/errors.ts";
import { endsOf, HEARTBEAT_MS, LinkHarness } from "./link_harness.ts";

Deno.test("messages sent before there is contact arrive in order", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  for (let i = 0; i < 10; i++) a.node.send("node.b", [i]);
  await harness.clock.run(500);
  const b = harness.party("b");
  a.node.send("node.b", [10]);
  await harness.clock.run(HEARTBEAT_MS);
  assert.deepEqual(b.messages, Array.from({ length: 11 }, (_, i) => [i]));
  assert.deepEqual(a.events, []);
  await harness.close(a, b);
});

Deno.test("two nodes that speak first at the same time share one link", async () => {
  const harness = new LinkHarness();
  const [a, b] = [harness.party("a"), harness.party("b")];
  a.node.send("node.b", ["from a"]);
  b.node.send("node.a", ["from b"]);
  await harness.clock.run(10);
  assert.deepEqual([a.messages, b.messages], [[["from b"]], [["from a"]]]);
  await harness.clock.run(5 * HEARTBEAT_MS);
  assert.deepEqual([a.events, b.events], [[], []]);
  await harness.close(a, b);
});

Deno.test("all that is sent in one turn travels as one frame", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  const frames = await harness.frames(async () => {
    for (let i = 0; i < 1_000; i++) a.node.send("node.b", [i]);
    await harness.clock.run(1);
  });
  assert.deepEqual(frames, ["a>data"]);
  assert.equal(b.messages.length, 1_000);
  await harness.close(a, b);
});

Deno.test("a lone message leaves at the end of its turn, without any timer", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  const frames = await harness.frames(async () => {
    a.node.send("node.b", ["lone"]);
    await null;
  });
  assert.deepEqual(frames, ["a>data"]);
  await harness.close(a, b);
});

Deno.test("answers given while a frame is handled travel as one frame, and carry the acknowledgement", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  b.onMessage = (from, message) => b.node.send(from, ["re", ...message]);
  const frames = await harness.frames(async () => {
    for (let i = 0; i < 5; i++) a.node.send("node.b", [i]);
    await harness.clock.run(30);
  });
  assert.deepEqual(frames, ["a>data", "b>data"]);
  assert.deepEqual(a.messages, [0, 1, 2, 3, 4].map((i) => ["re", i]));
  await harness.close(a, b);
});

Deno.test("an acknowledgement with nothing to ride on leaves by itself within 50 ms", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  const frames = await harness.frames(async () => {
    a.node.send("node.b", ["one"]);
    await harness.clock.run(50);
  });
  assert.deepEqual(frames, ["a>data", "b>state"]);
  assert.equal(a.node.busy, false);
  await harness.close(a, b);
});

Deno.test("a message far above the bus's limit is cut and put together again", async () => {
  const harness = new LinkHarness(64 * 1024);
  const [a, b] = await harness.pair();
  const body = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * 31) & 255);
  const frames = await harness.frames(async () => {
    a.node.send("node.b", ["before"]);
    a.node.send("node.b", ["big", body]);
    a.node.send("node.b", ["after"]);
    await harness.clock.run(200);
  });
  assert.deepEqual(b.messages.map((message) => message[0]), ["before", "big", "after"]);
  assert.deepEqual(b.messages[1]?.[1], body);
  assert.ok(frames.filter((kind) => kind === "a>part").length >= 76, "it went in parts");
  assert.equal(a.node.busy, false);
  await harness.close(a, b);
});

Deno.test("a message larger than window and queue together goes through", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ windowBytes: 100_000, queueBytes: 200_000 });
  a.node.send("node.b", [new Uint8Array(1_000_000).fill(7)]);
  await harness.clock.run(500);
  assert.equal((b.messages[0]?.[0] as Uint8Array | undefined)?.length, 1_000_000);
  await harness.close(a, b);
});

Deno.test("a sender stops at the window and goes on when messages were handled", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ windowBytes: 10_000, queueBytes: 1_000_000 });
  harness.net.faults = { ...harness.net.faults, maxDelayMs: 0, lose: 1 };
  harness.net.tap = null;
  let published = 0;
  harness.net.tap = (_subject, data) => published += data.length;
  for (let i = 0; i < 100; i++) {
    a.node.send("node.b", [i, new Uint8Array(1_000)]);
    await null;
  }
  assert.ok(published >= 9_000 && published < 13_000, `${published} bytes are under way`);
  harness.net.faults = { ...harness.net.faults, lose: 0 };
  await harness.clock.run(3 * HEARTBEAT_MS);
  assert.deepEqual(b.messages.map((message) => message[0]), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(a.events.filter((event) => event.startsWith("down")), []);
  await harness.close(a, b);
});

Deno.test("past the bound send throws MailboxFull and changes nothing; drained() resolves at half", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ windowBytes: 1_000, queueMessages: 100 });
  b.bus.cut();
  // One frame may overdraw the credit.
  a.node.send("node.b", [new Uint8Array(2_000)]);
  await null;
  for (let i = 0; i < 100; i++) a.node.send("node.b", [i]);
  assert.throws(() => a.node.send("node.b", ["too much"]), MailboxFull);
  let drained = false;
  const wait = a.node.drained("node.b").then(() => drained = true);
  await harness.clock.run(100);
  assert.equal(drained, false);
  b.bus.restore();
  await harness.clock.run(HEARTBEAT_MS);
  await wait;
  assert.deepEqual(b.messages.slice(1).map((message) => message[0]), Array.from({ length: 100 }, (_, i) => i));
  await harness.close(a, b);
});

Deno.test("the bound counts bytes too, and drained() resolves when the peer is down", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a", "a1", { queueBytes: 10_000 });
  for (let i = 0; i < 10; i++) a.node.send("node.nobody", [new Uint8Array(1_000)]);
  assert.throws(() => a.node.send("node.nobody", ["too much"]), MailboxFull);
  const wait = a.node.drained("node.nobody");
  await harness.clock.run(3 * HEARTBEAT_MS);
  await wait;
  assert.deepEqual(a.events.at(-1), "down node.nobody null silent");
  assert.equal(a.node.busy, false);
  await harness.close(a);
});

Deno.test("drained() of a peer with nothing queued resolves at once", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await a.node.drained("node.b");
  await a.node.drained("node.stranger");
  await harness.close(a, b);
});

Deno.test("what was lost with a connection is sent again when it comes back", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  b.bus.die();
  for (let i = 0; i < 20; i++) {
    a.node.send("node.b", [i]);
    await null;
  }
  await harness.clock.run(100);
  assert.deepEqual(b.messages, []);
  b.bus.cut();
  b.bus.restore();
  await harness.clock.run(10);
  assert.deepEqual(b.messages, Array.from({ length: 20 }, (_, i) => [i]));
  await harness.close(a, b);
});

Deno.test("what is sent while the own bus is away leaves when it is back", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.bus.cut();
  a.node.send("node.b", ["meanwhile"]);
  await harness.clock.run(2 * HEARTBEAT_MS);
  assert.deepEqual(a.events, ["unreachable node.b b1"]);
  a.bus.restore();
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [["meanwhile"]]);
  assert.deepEqual(a.events, ["unreachable node.b b1", "reachable node.b b1"]);
  await harness.close(a, b);
});

Deno.test("a lost frame is asked for as soon as the next one shows the gap", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  harness.net.faults = { ...harness.net.faults, lose: 1 };
  a.node.send("node.b", ["lost"]);
  await null;
  harness.net.faults = { ...harness.net.faults, lose: 0 };
  a.node.send("node.b", ["next"]);
  await harness.clock.run(5);
  assert.deepEqual(b.messages, [["lost"], ["next"]]);
  await harness.close(a, b);
});

Deno.test("a lost last frame is found out within two heartbeats", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  // The peer keeps talking, so that its silence is no reason to ask.
  const talk = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      b.node.send("node.a", ["talk"]);
      await harness.clock.run(100);
    }
  };
  harness.net.faults = { ...harness.net.faults, lose: 1 };
  a.node.send("node.b", ["lost"]);
  await null;
  harness.net.faults = { ...harness.net.faults, lose: 0 };
  await talk(2 * HEARTBEAT_MS);
  assert.deepEqual(b.messages, [["lost"]]);
  await harness.close(a, b);
});

Deno.test("bytes in a message stay as they are when the bus uses its buffer again", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.send("node.b", [new Uint8Array([1, 2, 3])]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages[0]?.[0], new Uint8Array([1, 2, 3]));
  await harness.close(a, b);
});

Deno.test("a message that cannot travel is refused by send and hurts nothing", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  assert.throws(() => a.node.send("node.b", [() => {}]), SerializationError);
  assert.throws(() => a.node.send("node.b", [1n]), SerializationError);
  a.node.send("node.b", ["fine"]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [["fine"]]);
  await harness.close(a, b);
});

Deno.test("a listener that throws loses only its own message, and is logged", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  b.onMessage = (_from, [index]) => {
    if (index === 1) throw new Error("no");
  };
  for (let i = 0; i < 3; i++) a.node.send("node.b", [i]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [[0], [1], [2]]);
  assert.deepEqual(b.logged, ["error A listener of the node threw."]);
  await harness.close(a, b);
});

Deno.test("addresses that are none, and the own one, are the programmer's mistake", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  assert.throws(() => a.node.send("node.a", ["to myself"]), TypeError);
  assert.throws(() => a.node.send("node.*", ["to all"]), TypeError);
  assert.throws(() => a.node.watch("node.a.b"), TypeError);
  assert.throws(() => harness.party("no dots.please"), TypeError);
  assert.throws(() => harness.party("b", ""), TypeError);
  await harness.close(a);
});

Deno.test("a bus or bounds with which links cannot work are refused at once", () => {
  assert.throws(() => new LinkHarness(500).party("a"), RangeError);
  assert.throws(() => new LinkHarness().party("a", "a1", { windowBytes: 0 }), RangeError);
});

Deno.test("close() delivers what is queued, says good-bye and ends both sides", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ windowBytes: 5_000 });
  for (let i = 0; i < 50; i++) a.node.send("node.b", [i, new Uint8Array(1_000)]);
  const closing = a.node.close();
  await harness.clock.run(20);
  await closing;
  assert.equal(b.messages.length, 50);
  assert.deepEqual(b.events, ["down node.a a1 said-goodbye"]);
  assert.deepEqual(a.events, ["down node.b b1 closed-here"]);
  assert.throws(() => a.node.send("node.b", ["late"]), ConnectionError);
  await harness.close(b);
});

Deno.test("close() does not wait for ever for a peer that is gone", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await harness.kill(b);
  a.node.send("node.b", ["nobody hears"]);
  const closing = a.node.close();
  await harness.clock.run(1_500);
  await closing;
  await harness.close(b);
});

Deno.test("a bus that closes for good takes all links down", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  await a.bus.close();
  assert.deepEqual(a.events, ["down node.b b1 closed-here"]);
  await harness.close(a, b);
});

Deno.test("garbage on the subject is dropped, counted and logged once a minute, and affects no link", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  const forged = encodeData(endsOf({ from: "node.b", toIncarnation: "a1", toGeneration: 1 }), 99, 0, 0, [["forged"]]);
  for (let i = 0; i < 100; i++) {
    harness.inject("a", new Uint8Array([0xc1, i]));
    harness.inject("a", new Uint8Array());
    harness.inject("a", encodeData(endsOf({ from: "node.a" }), 1, 0, 0, []));
    harness.inject("a", forged);
  }
  await harness.clock.run(10);
  a.node.send("node.b", ["still"]);
  b.node.send("node.a", ["there"]);
  await harness.clock.run(10);
  assert.deepEqual([a.messages, b.messages], [[["there"]], [["still"]]]);
  assert.deepEqual([a.events, b.events], [[], []]);
  assert.deepEqual(a.logged, ["warn Dropped what is no frame of a link.", "warn Dropped a frame in our own name."]);
  await harness.clock.run(61_000);
  harness.inject("a", new Uint8Array([0xc1]));
  await harness.clock.run(10);
  assert.equal(a.logged.length, 3);
  await harness.close(a, b);
});

Deno.test("strangers past the bound are ignored", async () => {
  const harness = new LinkHarness();
  const b = harness.party("b", "b1", { peers: 1 });
  const a = harness.party("a");
  a.node.send("node.b", ["first come"]);
  await harness.clock.run(10);
  const late = harness.party("late");
  late.node.send("node.b", ["too late"]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [["first come"]]);
  assert.deepEqual(b.logged, ["warn Ignored the hello of a node: too many peers are known."]);
  await harness.close(a, b, late);
});

Deno.test("nothing of a frame is heard any more once the node has ended", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  b.onMessage = () => void b.bus.close();
  for (let i = 0; i < 3; i++) a.node.send("node.b", [i]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [[0]]);
  await harness.close(a, b);
});

Deno.test("a long transfer does not wait for timers: half a window of it brings an acknowledgement", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ windowBytes: 10_000 });
  for (let i = 0; i < 100; i++) {
    a.node.send("node.b", [i, new Uint8Array(1_000)]);
    await null;
  }
  await harness.clock.run(5);
  assert.equal(b.messages.length, 100);
  await harness.close(a, b);
});

Deno.test("close() asks for the acknowledgements it needs and does not wait for timers", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  a.node.send("node.b", ["last words"]);
  let closed = false;
  const closing = a.node.close().then(() => closed = true);
  await harness.clock.run(5);
  assert.ok(closed);
  await closing;
  assert.deepEqual(b.messages, [["last words"]]);
  await harness.close(b);
});

Deno.test("a turn may send more messages than the queue holds while there is credit", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair({ queueMessages: 5_000 });
  for (let i = 0; i < 50_000; i++) a.node.send("node.b", [i]);
  await harness.clock.run(10);
  assert.equal(b.messages.length, 50_000);
  await harness.close(a, b);
});

Deno.test("a message changed after it was sent, so that it can't travel, ends the link on both sides", async () => {
  const harness = new LinkHarness();
  const [a, b] = await harness.pair();
  const message: unknown[] = ["fine"];
  a.node.send("node.b", message);
  message.push(() => {});
  await harness.clock.run(10);
  assert.deepEqual(a.events, ["down node.b b1 closed-here"]);
  assert.deepEqual(b.events, ["down node.a a1 silent"]);
  assert.deepEqual(a.logged, ["error Ended a link: a message was changed after it was sent, and can't travel."]);
  await harness.close(a, b);
});

Deno.test("a stranger whose hello came to nothing takes no place", async () => {
  const harness = new LinkHarness();
  const b = harness.party("b", "b1", { peers: 1 });
  harness.inject("b", encodeHello(endsOf({ toIncarnation: "b0", toGeneration: 3 }), 1_000));
  await harness.clock.run(10);
  const a = harness.party("a");
  a.node.send("node.b", ["welcome"]);
  await harness.clock.run(10);
  assert.deepEqual(b.messages, [["welcome"]]);
  await harness.close(a, b);
});

Deno.test("a peer that starts listening late is found at the next half heartbeat", async () => {
  const harness = new LinkHarness();
  const a = harness.party("a");
  a.node.send("node.b", ["early"]);
  await harness.clock.run(10);
  const b = harness.party("b");
  await harness.clock.run(HEARTBEAT_MS / 2);
  assert.deepEqual(b.messages, [["early"]]);
  await harness.close(a, b);
});
