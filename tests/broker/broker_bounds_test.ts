/**
 * The bounds that keep the broker up: time to log in, pings, connections, bytes that wait for a client.
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { FakeClock } from "../../testing/fake_clock.ts";
import { LogTrap } from "./log_trap.ts";
import { RawClient } from "./raw_client.ts";

const QUIET = 'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n';
const LOGIN = 'CONNECT {"verbose":false,"user":"me","pass":"secret"}\r\n';
const users = [{ user: "me", password: "secret" }];

/** Connected, and known to the broker. */
async function ready(broker: Broker, connect = QUIET): Promise<RawClient> {
  const client = await RawClient.connect(broker.port);
  await client.send(`${connect}PING\r\n`);
  await client.has("PONG\r\n");
  client.clear();
  return client;
}

Deno.test("who does not log in in time is told so and cut off; who has is not", async () => {
  const clock = new FakeClock();
  await using broker = await Broker.start({ users, clock, limits: { authTimeoutMs: 2_000 } });
  using mute = await RawClient.connect(broker.port);
  using half = await RawClient.connect(broker.port);
  await half.send('CONNECT {"user":');
  using known = await ready(broker, LOGIN);
  clock.advance(1_999);
  equal(mute.received, "");
  clock.advance(1);
  equal(await mute.untilEnd(), "-ERR 'Authentication Timeout'\r\n");
  equal(await half.untilEnd(), "-ERR 'Authentication Timeout'\r\n");
  await known.send("PING\r\n");
  equal(await known.has("PONG\r\n"), "PONG\r\n");
});

Deno.test("a silent client is pinged, and cut off as stale when it answers none of two pings", async () => {
  const clock = new FakeClock();
  await using broker = await Broker.start({ allowAnonymous: true, clock, limits: { pingIntervalMs: 1_000 } });
  using client = await ready(broker);
  clock.advance(1_000);
  clock.advance(1_000);
  equal(await client.has("PING\r\n"), "PING\r\n");
  clock.advance(1_000);
  clock.advance(1_000);
  equal(await client.untilEnd(), "PING\r\nPING\r\n-ERR 'Stale Connection'\r\n");
});

Deno.test("a client that answers pings, or says anything else, stays", async () => {
  const clock = new FakeClock();
  await using broker = await Broker.start({ allowAnonymous: true, clock, limits: { pingIntervalMs: 1_000 } });
  using client = await ready(broker);
  clock.advance(1_000);
  for (const answer of ["PONG\r\n", "SUB a 1\r\n", "PONG\r\n", "PONG\r\n"]) {
    clock.advance(1_000);
    await client.has("PING\r\n");
    client.clear();
    // The second ping proves that the answer has been read before time goes on.
    await client.send(`${answer}PING\r\n`);
    await client.has("PONG\r\n");
    client.clear();
    clock.advance(1_000);
    equal(client.received, "");
  }
});

Deno.test("past the maximum of connections a client is refused, until another one leaves", async () => {
  const trap = new LogTrap();
  await using broker = await Broker.start({ allowAnonymous: true, log: trap.log, limits: { maxConnections: 2 } });
  using _one = await ready(broker);
  {
    using _two = await ready(broker);
    using three = await RawClient.connect(broker.port);
    equal(await three.untilEnd(), "-ERR 'maximum connections exceeded'\r\n");
    equal(broker.connections, 2);
  }
  await trap.left(2);
  using _three = await ready(broker);
  equal(broker.connections, 2);
});

Deno.test("a slow consumer is cut off at the bound with a log line, and nobody else misses a message", async () => {
  const trap = new LogTrap();
  const maxPendingBytes = 512 * 1_024;
  await using broker = await Broker.start({ allowAnonymous: true, log: trap.log, limits: { maxPendingBytes } });
  await using local = broker.connectLocal();
  using slow = await ready(broker, 'CONNECT {"verbose":false,"name":"sleepy"}\r\n');
  using healthy = await ready(broker);
  for (const client of [slow, healthy]) {
    await client.send("SUB load 1\r\nPING\r\n");
    await client.has("PONG\r\n");
    client.clear();
  }
  let heard = 0;
  local.subscribe("load", () => heard++);
  const goOn = slow.stopReading();
  using publisher = await ready(broker);
  const cut = trap.line(({ message }) => message === "Cut off a slow consumer.", "the slow consumer to be cut off");
  const body = "x".repeat(100_000);
  const batch = `PUB load ${body.length}\r\n${body}\r\n`.repeat(10);
  let sent = 0;
  let isCut = false;
  void cut.finally(() => isCut = true);
  while (!isCut) {
    await publisher.send(`${batch}PING\r\n`);
    await publisher.has("PONG\r\n");
    publisher.clear();
    sent += 10;
    const bytes = sent * `MSG load 1 ${body.length}\r\n${body}\r\n`.length;
    await healthy.until((text) => text.length >= bytes, `message ${sent}`);
  }
  await local.flush();
  equal(heard, sent);
  const { level, fields } = await cut;
  equal(level, "warn");
  equal(fields["name"], "sleepy");
  ok(Number(fields["pendingBytes"]) > maxPendingBytes);
  goOn();
  await slow.untilEnd();
  equal(broker.connections, 2);
});

Deno.test("a consumer that lags is waited for: nothing is lost below the bound", async () => {
  await using broker = await Broker.start({ allowAnonymous: true, limits: { maxPendingBytes: 1_024 * 1_024 } });
  using consumer = await ready(broker);
  await consumer.send("SUB load 1\r\nPING\r\n");
  await consumer.has("PONG\r\n");
  consumer.clear();
  using publisher = await ready(broker);
  const body = "x".repeat(50_000);
  const count = 300;
  await publisher.send(`PUB load ${body.length}\r\n${body}\r\n`.repeat(count));
  const bytes = count * `MSG load 1 ${body.length}\r\n${body}\r\n`.length;
  await consumer.until((text) => text.length >= bytes, `${count} messages`);
  equal(consumer.received.length, bytes);
});

Deno.test("a client that floods with what is refused, and does not read, is cut off too", async () => {
  const trap = new LogTrap();
  const permissions = { publish: ["a"], subscribe: [] };
  await using broker = await Broker.start({
    users: [{ user: "me", password: "secret", permissions }],
    log: trap.log,
    limits: { maxPendingBytes: 16 * 1_024 },
  });
  using client = await ready(broker, LOGIN);
  const goOn = client.stopReading();
  const denied = `PUB b 0\r\n\r\n`.repeat(50_000);
  const cut = trap.line(({ message }) => message === "Cut off a slow consumer.", "the client to be cut off");
  let isCut = false;
  void cut.finally(() => isCut = true);
  while (!isCut) await client.send(denied);
  goOn();
  await client.untilEnd();
  await trap.left(1);
  deepEqual([broker.connections, broker.subscriptions], [0, 0]);
});
