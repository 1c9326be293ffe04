/** What the broker's own process says to itself arrives behind what others sent before, where it is to. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { InputLine } from "../../broker/input_line.ts";
import { within } from "../../testing/within.ts";
import { RawClient } from "./raw_client.ts";

const EMPTY = new Uint8Array();

Deno.test("a word to oneself comes behind all that lay in the sockets of others, if it is to; else at once", async () => {
  await using broker = await Broker.start({ users: [{ user: "host", password: "a long secret" }] });
  await using bus = broker.connectLocal();
  const heard: string[] = [];
  const all = Promise.withResolvers<void>();
  bus.subscribe("to.me", (message) => {
    heard.push(message.data.length === 0 ? "own" : "host");
    if (heard.filter((who) => who === "own").length === 2) all.resolve();
  });
  using host = await RawClient.connect(broker.port);
  await host.send('CONNECT {"user":"host","pass":"a long secret"}\r\nPING\r\n');
  await host.until((received) => received.includes("PONG"), "PONG");
  const payload = "x".repeat(10_000);
  const message = `PUB to.me ${payload.length}\r\n${payload}\r\n`;
  // In the system's buffers when it resolves, and not read yet: the broker shares this thread.
  const sent = host.send(message.repeat(4));
  bus.publish("to.me", EMPTY, { behindOthers: true });
  bus.publish("to.me", EMPTY);
  await sent;
  await within(all.promise, "both words");
  assert.equal(heard[0], "own", "the one that may come at once");
  assert.equal(heard.indexOf("own", 1), heard.length - 1);
  assert.ok(heard.includes("host"), String(heard));
});

Deno.test("several may ask at once, and a broker that is stopped answers nobody any more", async () => {
  const broker = await Broker.start();
  await using bus = broker.connectLocal();
  let heard = 0;
  const three = Promise.withResolvers<void>();
  bus.subscribe("to.me", () => ++heard === 3 && three.resolve());
  for (let word = 0; word < 3; word++) bus.publish("to.me", EMPTY, { behindOthers: true });
  await within(three.promise, "three words");
  bus.publish("to.me", EMPTY, { behindOthers: true });
  await broker.stop();
  assert.equal(heard, 3);
});

Deno.test("a line that is closed says so", async () => {
  const line = await InputLine.open();
  await line.passed();
  line[Symbol.dispose]();
  await assert.rejects(line.passed());
});
