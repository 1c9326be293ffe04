/**
 * What the broker does besides routing: says who it is, starts, stops, lets in, tells why not.
 * @module
 */
import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Broker, type BrokerOptions } from "../../broker/broker.ts";
import { ConnectionError } from "../../wire/errors.ts";
import { within } from "../../testing/within.ts";
import { LogTrap } from "./log_trap.ts";
import { RawClient } from "./raw_client.ts";

const QUIET = 'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n';

async function subscriber(broker: Broker, lines: string, connect = QUIET): Promise<RawClient> {
  const client = await RawClient.connect(broker.port);
  await client.send(`${connect}${lines}PING\r\n`);
  await client.has("PONG\r\n");
  client.clear();
  return client;
}

Deno.test("INFO says what clients need to know", async () => {
  await using broker = await Broker.start({ users: [{ user: "me", password: "secret" }], maxPayload: 2_000 });
  using one = await RawClient.connect(broker.port);
  using two = await RawClient.connect(broker.port);
  const [info, other] = [one, two].map((client) => JSON.parse(client.info.replace(/^INFO /, "")));
  ok(/^N[A-Z2-7]{55}$/.test(info.server_id));
  equal(other.server_id, info.server_id);
  equal(other.client_id, info.client_id + 1);
  const { server_id: _id, client_id: _client, go: _go, ...rest } = info;
  deepEqual(rest, {
    server_name: "troupe",
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port: broker.port,
    headers: true,
    auth_required: true,
    tls_required: false,
    max_payload: 2_000,
    client_ip: "127.0.0.1",
  });
});

Deno.test("where everybody is let in, INFO does not ask for credentials", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using client = await RawClient.connect(broker.port);
  equal(client.info.includes("auth_required"), false);
});

Deno.test("without users nobody gets in", async () => {
  for (const options of [{}, { users: [] }] satisfies BrokerOptions[]) {
    await using broker = await Broker.start(options);
    using client = await RawClient.connect(broker.port);
    await client.send('CONNECT {"user":"","pass":""}\r\nPING\r\n');
    equal(await client.untilEnd(), "-ERR 'Authorization Violation'\r\n");
  }
});

Deno.test("a token lets its holder in, and nobody else", async () => {
  await using broker = await Broker.start({ authToken: "a secret" });
  using holder = await subscriber(broker, "", 'CONNECT {"verbose":false,"auth_token":"a secret"}\r\n');
  equal(holder.received, "");
  for (const connect of ['{"auth_token":"another"}', '{"user":"a secret"}', '{"pass":"a secret"}', "{}"]) {
    using client = await RawClient.connect(broker.port);
    await client.send(`CONNECT ${connect}\r\n`);
    equal(await client.untilEnd(), "-ERR 'Authorization Violation'\r\n", connect);
  }
});

Deno.test("no log line holds a password or token", async () => {
  const trap = new LogTrap();
  await using broker = await Broker.start({ users: [{ user: "me", password: "Passw0rd" }], log: trap.log });
  using _member = await subscriber(broker, "", 'CONNECT {"verbose":false,"user":"me","pass":"Passw0rd"}\r\n');
  for (const connect of ['{"user":"me","pass":"Passw0rd2"}', '{"auth_token":"Passw0rd"}', '{"pass":"Passw0rd"']) {
    using client = await RawClient.connect(broker.port);
    await client.send(`CONNECT ${connect}\r\n`);
    await client.untilEnd();
  }
  await trap.left(3);
  equal(JSON.stringify(trap.lines).includes("Passw0rd"), false);
});

Deno.test("of a queue group across connections one member gets each message, whoever leaves", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using one = await subscriber(broker, "SUB job workers 1\r\n");
  using two = await subscriber(broker, "SUB job.* others 1\r\nSUB job workers 2\r\n");
  using listener = await subscriber(broker, "SUB job 3\r\n");
  using publisher = await subscriber(broker, "");
  const count = (client: RawClient) => client.received.split("MSG job ").length - 1;
  const publish = async (times: number) => {
    await publisher.send(`${"PUB job 0\r\n\r\n".repeat(times)}PING\r\n`);
    await publisher.has("PONG\r\n");
    publisher.clear();
    for (const client of [one, two, listener]) await client.send("PING\r\n");
    for (const client of [one, two, listener]) await client.has("PONG\r\n");
  };
  await publish(200);
  deepEqual([count(one) + count(two), count(listener)], [200, 200]);
  ok(count(one) > 20 && count(two) > 20, `${count(one)} and ${count(two)}`);
  await one.send("UNSUB 1\r\nPING\r\n");
  for (const client of [one, two, listener]) client.clear();
  await publish(50);
  deepEqual([count(one), count(two), count(listener)], [0, 50, 50]);
});

Deno.test("with echo off a message goes past the own member of a queue group to another", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using one = await subscriber(broker, "SUB job workers 1\r\n", 'CONNECT {"verbose":false,"echo":false}\r\n');
  using two = await subscriber(broker, "SUB job workers 2\r\n");
  await one.send(`${"PUB job 0\r\n\r\n".repeat(40)}PING\r\n`);
  equal(await one.has("PONG\r\n"), "PONG\r\n");
  await two.send("PING\r\n");
  equal(await two.has("PONG\r\n"), `${"MSG job 2 0\r\n\r\n".repeat(40)}PONG\r\n`);
});

Deno.test("a client that knows no headers gets the message without them", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using old = await subscriber(broker, "SUB a 1\r\n", 'CONNECT {"verbose":false}\r\n');
  using modern = await subscriber(broker, "SUB a 1\r\n");
  await modern.send("HPUB a b 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n");
  equal(await modern.has("PONG\r\n"), "HMSG a 1 b 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPONG\r\n");
  equal(await old.has("hi\r\n"), "MSG a 1 b 2\r\nhi\r\n");
});

Deno.test("a large message reaches several clients whole, between small ones", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using one = await subscriber(broker, "SUB a 1\r\n");
  using two = await subscriber(broker, "SUB > 2\r\n");
  using publisher = await subscriber(broker, "");
  const bodies = ["small", "L".repeat(1_000_000), "x", "M".repeat(20_000), "N".repeat(16 * 1_024), ""];
  await publisher.send(bodies.map((body) => `PUB a ${body.length}\r\n${body}\r\n`).join(""));
  for (const [client, sid] of [[one, 1], [two, 2]] as const) {
    const expected = bodies.map((body) => `MSG a ${sid} ${body.length}\r\n${body}\r\n`).join("");
    equal(await client.until((text) => text.length >= expected.length, "all messages"), expected);
  }
});

Deno.test("large messages of the broker's own process arrive whole, though their bytes change at once", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  using client = await subscriber(broker, "SUB a 1\r\n");
  await using bus = broker.connectLocal();
  const data = new Uint8Array(100_000);
  let expected = "";
  for (const letter of "ABC") {
    data.fill(letter.charCodeAt(0));
    bus.publish("a", data);
    expected += `MSG a 1 100000\r\n${letter.repeat(100_000)}\r\n`;
  }
  equal(await client.until((text) => text.length >= expected.length, "all messages"), expected);
});

Deno.test("a client that ends its half of the connection still gets what is on its way", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  const body = "x".repeat(500_000);
  await connection.write(new TextEncoder().encode(`${QUIET}SUB a 1\r\nPUB a ${body.length}\r\n`));
  for (let sent = 0; sent < body.length;) {
    sent += await connection.write(new TextEncoder().encode(body.slice(sent, sent + 65_536)));
  }
  await connection.write(new TextEncoder().encode("\r\nPING\r\n"));
  await connection.closeWrite();
  const text = await within(new Response(connection.readable).text(), "the end");
  ok(text.endsWith(`MSG a 1 ${body.length}\r\n${body}\r\nPONG\r\n`), text.slice(0, 600));
});

Deno.test("stop() ends clients of both kinds, resolves when all is gone, and may be called again", async () => {
  const trap = new LogTrap();
  const broker = await Broker.start({ allowAnonymous: true, log: trap.log });
  using client = await subscriber(broker, "SUB a 1\r\n");
  using _silent = await RawClient.connect(broker.port);
  const bus = broker.connectLocal();
  bus.subscribe("a", () => {});
  await within(broker.stop(), "the stop");
  equal(await client.untilEnd(), "");
  equal(bus.status, "closed");
  deepEqual([broker.connections, broker.subscriptions], [0, 0]);
  await broker.stop();
  throws(() => broker.connectLocal(), ConnectionError);
  await rejects(Deno.connect({ hostname: "127.0.0.1", port: broker.port }), Deno.errors.ConnectionRefused);
});

Deno.test("a connection of the broker's own process that was closed leaves nothing behind", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  const bus = broker.connectLocal();
  bus.subscribe("a", () => {});
  bus.subscribe("b", () => {}, { queue: "q", max: 1 });
  equal(broker.subscriptions, 2);
  bus.publish("b", new Uint8Array());
  equal(broker.subscriptions, 1);
  await bus.close();
  equal(broker.subscriptions, 0);
});

Deno.test("a port in use is an error that names it and says what to do", async () => {
  await using broker = await Broker.start({ allowAnonymous: true });
  await rejects(Broker.start({ allowAnonymous: true, port: broker.port }), (error) => {
    ok(error instanceof ConnectionError, String(error));
    ok(error.message.includes(`127.0.0.1:${broker.port}`), error.message);
    ok(/in use.*choose another port/.test(error.message), error.message);
    return true;
  });
});

Deno.test("an address of another machine is an error that says so", async () => {
  await rejects(Broker.start({ allowAnonymous: true, hostname: "192.0.2.1" }), (error) => {
    ok(error instanceof ConnectionError, String(error));
    ok(error.message.includes("192.0.2.1"), error.message);
    return true;
  });
});

Deno.test("options that make no sense are refused before anything listens", async () => {
  await rejects(Broker.start({ limits: { maxConnections: 0 } }), RangeError);
  await rejects(Broker.start({ maxPayload: 1.5 }), RangeError);
  await rejects(Broker.start({ maxPayload: 1e12 }), RangeError);
  await rejects(Broker.start({ users: [{ user: "me", password: "" }] }), TypeError);
  await rejects(Broker.start({ allowAnonymous: true, users: [{ user: "me", password: "x" }] }), TypeError);
  const twice = { user: "me", password: "x" };
  await rejects(Broker.start({ users: [twice, twice] }), TypeError);
  const permissions = { publish: ["a..b"], subscribe: [] };
  await rejects(Broker.start({ users: [{ user: "me", password: "x", permissions }] }), TypeError);
});

Deno.test("a local connection for a user that is not known is a TypeError", async () => {
  await using broker = await Broker.start();
  throws(() => broker.connectLocal({ user: "nobody" }), TypeError);
});
