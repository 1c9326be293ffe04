/**
 * The official JavaScript client against the embedded broker, in the ways in which the bus does not use it.
 * @module
 */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { connect, type ConnectionOptions, type NatsConnection } from "../../deps/nats.ts";
import { within } from "../../testing/within.ts";
import { RawClient } from "./raw_client.ts";

const USER = { user: "me", password: "secret" };

async function withClient(
  broker: Broker,
  options: ConnectionOptions,
  body: (client: NatsConnection) => Promise<void>,
): Promise<void> {
  const client = await connect({ servers: broker.url, user: USER.user, pass: USER.password, ...options });
  try {
    await body(client);
  } finally {
    await client.close();
  }
}

Deno.test("a verbose and pedantic client works", async () => {
  await using broker = await Broker.start({ users: [USER] });
  await withClient(broker, { verbose: true, pedantic: true }, async (client) => {
    const got: string[] = [];
    client.subscribe("a.*", { callback: (_error, message) => void got.push(message.string()) });
    client.subscribe("ask", { callback: (_error, message) => void message.respond("answer") });
    for (const text of ["1", "2", "3"]) client.publish(`a.${text}`, text);
    equal((await within(client.request("ask", ""), "the answer")).string(), "answer");
    deepEqual(got, ["1", "2", "3"]);
  });
});

Deno.test("a client with echo off hears others only", async () => {
  await using broker = await Broker.start({ users: [USER] });
  await using bus = broker.connectLocal();
  await withClient(broker, { noEcho: true }, async (client) => {
    const got: string[] = [];
    client.subscribe("a", { callback: (_error, message) => void got.push(message.string()) });
    client.publish("a", "own");
    await within(client.flush(), "the flush");
    bus.publish("a", new TextEncoder().encode("other"));
    await within(client.flush(), "the flush");
    deepEqual(got, ["other"]);
  });
});

Deno.test("the broker answers every ping of a client", async () => {
  await using broker = await Broker.start({ users: [USER] });
  await withClient(broker, { pingInterval: 20, maxPingOut: 1 }, async (client) => {
    const pings = Promise.withResolvers<void>();
    const listen = async () => {
      let count = 0;
      for await (const status of client.status()) if (status.type === "ping" && ++count === 5) pings.resolve();
    };
    const listening = listen();
    await within(pings.promise, "five pings");
    equal(client.isClosed(), false);
    await client.close();
    await listening;
  });
});

Deno.test("a wrong password and no password are the client's own authorization errors", async () => {
  await using broker = await Broker.start({ users: [USER] });
  for (const options of [{ user: "me", pass: "wrong" }, {}]) {
    await rejects(within(connect({ servers: broker.url, reconnect: false, ...options }), "the refusal"), (error) => {
      match(String(error), /authorization violation/i);
      return true;
    });
  }
});

Deno.test("a token lets the client in", async () => {
  await using broker = await Broker.start({ authToken: "T0ken" });
  const client = await connect({ servers: broker.url, token: "T0ken" });
  await within(client.flush(), "the flush");
  await client.close();
});

Deno.test("two hundred clients at a time get each its own messages", async () => {
  await using broker = await Broker.start({ users: [USER] });
  const login = 'CONNECT {"verbose":false,"user":"me","pass":"secret"}\r\n';
  using clients = new DisposableStack();
  const all = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(broker.port)));
  for (const client of all) clients.use(client);
  equal(broker.connections, 200);
  await Promise.all(all.map((client, index) => client.send(`${login}SUB own.${index} 1\r\nSUB all 2\r\nPING\r\n`)));
  await Promise.all(all.map((client) => client.has("PONG\r\n")));
  for (const client of all) client.clear();
  await Promise.all(all.map((client, index) => client.send(`PUB own.${(index + 1) % 200} 0\r\n\r\n`)));
  await Promise.all(all.map((client, index) => client.has(`MSG own.${index} 1 0\r\n\r\n`)));
  await all[0]?.send("PUB all 0\r\n\r\n");
  const expected = all.map((_, index) => `MSG own.${index} 1 0\r\n\r\nMSG all 2 0\r\n\r\n`);
  deepEqual(await Promise.all(all.map((client) => client.has("MSG all 2 0\r\n\r\n"))), expected);
  ok(broker.subscriptions === 400);
});
