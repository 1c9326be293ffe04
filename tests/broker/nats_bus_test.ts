/** The NATS adapter against a real `nats-server`: the conformance suite, and what is its own. @module */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Bus, BusOptions, BusStatus } from "../../bus/bus.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { findNatsServer, NatsServer, type NatsServerAuth } from "../../testing/nats_server.ts";
import { NatsCluster } from "../../testing/nats_cluster.ts";
import { within } from "../../testing/within.ts";
import { AuthorizationError, ConnectionError } from "../../wire/errors.ts";
import { nkeys } from "../../deps/nats.ts";
import { busConformance, type BusTestServer, RESTRICTED } from "./bus_conformance.ts";

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;
if (missing !== undefined) console.error(`Tests on a real nats-server are skipped: ${missing}.`);
const serverOptions = "path" in found ? { path: found.path } : {};

const FREE = { user: "free", pass: "open sesame" };
const BOUND = { user: "bound", pass: "half open" };
const AUTH: NatsServerAuth = { users: [FREE, { ...BOUND, permissions: RESTRICTED }] };

async function makeServer(): Promise<BusTestServer> {
  const server = await NatsServer.start({ ...serverOptions, auth: AUTH });
  const buses: Bus[] = [];
  const connectAs = async (credentials: { user: string; pass: string }, options: BusOptions = {}) => {
    const bus = await connectNats({ servers: server.url, credentials, reconnectInitial: 10, ...options });
    buses.push(bus);
    return bus;
  };
  return {
    connect: (options) => connectAs(FREE, options),
    connectRestricted: (options) => connectAs(BOUND, options),
    connectWrong: () => connectAs({ user: "free", pass: "wrong" }),
    goAway: () => server.kill(),
    comeBack: () => server.restart(),
    comeBackLocked: () => server.restart({ auth: { token: "another" } }),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

busConformance("nats-server", makeServer, { missing });

/** A test that needs a server, or says why it did not run. */
function natsTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    fn,
  });
}

natsTest(
  "connectNats() takes credentials from the URL, a token, and a list of servers of which one answers",
  async () => {
    await using server = await NatsServer.start({ ...serverOptions, auth: { token: "s3cret" } });
    const nobody = `nats://127.0.0.1:${freePort()}`;
    for (
      const options of [
        { servers: `nats://s3cret@127.0.0.1:${server.port}` },
        { servers: [`127.0.0.1:${server.port}`], credentials: { token: "s3cret" } },
        { servers: [nobody, server.url], credentials: { token: "s3cret" } },
        { servers: `${nobody},${server.url}`, credentials: { token: "s3cret" } },
      ]
    ) {
      await using bus = await connectNats(options);
      await bus.flush();
      equal(bus.status, "connected");
    }
  },
);

/** Resolves when the bus says so. */
function becomes(bus: Bus, wanted: BusStatus): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  bus.onStatus((status) => status === wanted && resolve());
  return within(promise, `status "${wanted}"`);
}

natsTest(
  "renew() leaves a server that hangs for one that the first connection told of, with all subscriptions",
  async () => {
    await using nats = await NatsCluster.start(2, serverOptions);
    const [hung, other] = nats.servers;
    ok(hung && other);
    await using bus = await connectNats({ servers: hung.url, timeout: 30_000 });
    const heard = Promise.withResolvers<void>();
    bus.subscribe("word", () => heard.resolve());
    await bus.flush();
    hung.pause();
    const back = becomes(bus, "connected");
    equal(bus.renew?.(), true);
    await back;
    await using speaker = await connectNats({ servers: other.url });
    await bus.flush();
    speaker.publish("word", new Uint8Array(1));
    await within(heard.promise, "the word");
    hung.resume();
  },
);

natsTest("renew() changes nothing where there is no other server", async () => {
  await using server = await NatsServer.start(serverOptions);
  await using bus = await connectNats({ servers: server.url });
  equal(bus.renew?.(), false);
  await bus.flush();
  equal(bus.status, "connected");
});

natsTest("connectNats() takes the contents of a creds file", async () => {
  const pair = nkeys.createUser();
  const nkey = pair.getPublicKey();
  const config = `authorization { users: [{ nkey: "${nkey}" }] }`;
  await using server = await NatsServer.start({ ...serverOptions, config });
  const credsOf = (seed: Uint8Array) =>
    [
      "-----BEGIN NATS USER JWT-----\nunused.by.this.server\n------END NATS USER JWT------\n",
      `-----BEGIN USER NKEY SEED-----\n${new TextDecoder().decode(seed)}\n------END USER NKEY SEED------\n`,
    ].join("\n");
  await using bus = await connectNats({ servers: server.url, credentials: { creds: credsOf(pair.getSeed()) } });
  await bus.flush();
  const creds = credsOf(nkeys.createUser().getSeed());
  await rejects(connectNats({ servers: server.url, credentials: { creds } }), AuthorizationError);
});

natsTest(
  "a request to a subject that is not allowed, or without an inbox, rejects with AuthorizationError",
  async () => {
    await using server = await NatsServer.start({ ...serverOptions, auth: AUTH });
    await using free = await connectNats({ servers: server.url, credentials: FREE });
    free.subscribe(">", () => {});
    await free.flush();
    const asked = async (options: BusOptions, subject: string, refused: RegExp) => {
      const reported: Error[] = [];
      const onError = (error: Error) => reported.push(error);
      await using bus = await connectNats({ servers: server.url, credentials: BOUND, onError, ...options });
      for (const _attempt of [1, 2]) {
        const request = bus.request(subject, new Uint8Array(0), { timeout: 60_000 });
        await rejects(within(request, "the refusal"), { name: "AuthorizationError", message: refused });
      }
      equal(reported.length, 2);
    };
    await asked({}, "secret.ask", /publish to "secret\.ask"/);
    await asked({ inboxPrefix: "elsewhere" }, "open.ask", /subscribe to "elsewhere\.\w+\.\*"/);
  },
);

natsTest("a server that hangs counts as lost after two pings, and is found again when it goes on", async () => {
  await using server = await NatsServer.start(serverOptions);
  const patience = { pingInterval: 40, timeout: 200, reconnectInitial: 10 };
  await using bus = await connectNats({ servers: server.url, ...patience });
  const seen: BusStatus[] = [];
  const lost = new Promise<void>((resolve) => bus.onStatus((status) => status === "disconnected" && resolve()));
  const back = new Promise<void>((resolve) => bus.onStatus((status) => status === "connected" && resolve()));
  bus.onStatus((status) => seen.push(status));
  server.pause();
  await within(lost, "the verdict");
  server.resume();
  await within(back, "the reconnect");
  await within(bus.flush(), "a flush");
  deepEqual(seen, ["disconnected", "connected"]);
});

natsTest("close() while an attempt to reconnect hangs leaves no socket", async () => {
  await using server = await NatsServer.start(serverOptions);
  await using bus = await connectNats({ servers: server.url, timeout: 60_000, reconnectInitial: 1 });
  await server.kill();
  // In its place one that takes connections and says nothing.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: server.port });
  using attempt = await within(silent.accept(), "an attempt to reconnect");
  await within(bus.close(), "the close");
  equal(await within(readOnce(attempt), "the end of the attempt's socket"), null);
});

natsTest("the cause of an outage is named by status, and of a shutdown by the operator too", async () => {
  await using server = await NatsServer.start(serverOptions);
  for (const end of ["kill", "stop"] as const) {
    await using bus = await connectNats({ servers: server.url, reconnectInitial: 10 });
    const lost = new Promise<Error | undefined>((resolve) => bus.onStatus((_status, cause) => resolve(cause)));
    await server[end]();
    const cause = await within(lost, "the outage");
    ok(cause instanceof ConnectionError && cause.message.includes(server.url), String(cause));
    await bus.close();
    await server.restart();
  }
});

natsTest("maxPayload is the server's, also after it changed across a restart", async () => {
  await using server = await NatsServer.start({ ...serverOptions, config: "max_payload: 4096" });
  await using bus = await connectNats({ servers: server.url, reconnectInitial: 10 });
  equal(bus.maxPayload, 4_096);
  const back = new Promise<void>((resolve) => bus.onStatus((status) => status === "connected" && resolve()));
  await server.restart({ config: "max_payload: 8192" });
  await within(back, "the reconnect");
  equal(bus.maxPayload, 8_192);
});

natsTest(
  "a server that comes up late is found after many attempts, and the next outage begins with short pauses",
  async () => {
    await using server = await NatsServer.start(serverOptions);
    // The adapter draws once an attempt.
    let left = Infinity;
    let reached = () => {};
    const random = () => {
      if (--left === 0) reached();
      return 0.5;
    };
    await using bus = await connectNats({ servers: server.url, reconnectInitial: 1, reconnectMax: 60_000, random });
    const attempts = (count: number) => {
      left = count;
      return within(new Promise<void>((resolve) => reached = resolve), `${count} attempts to reconnect`, 4_000);
    };
    // Pauses of 1, 2, 4 … ms, less a quarter: without a fresh start the second outage would take a minute.
    for (const count of [9, 7]) {
      const back = new Promise<void>((resolve) => bus.onStatus((status) => status === "connected" && resolve()));
      await server.kill();
      await attempts(count);
      await server.restart();
      await within(back, "the reconnect");
      await bus.flush();
    }
  },
);

natsTest("a NatsServer that cannot start says what the server said", async () => {
  await rejects(
    NatsServer.start({ ...serverOptions, config: "no_such_option: {" }),
    /ended at once[\s\S]*Parse error/,
  );
});

natsTest("a NatsServer keeps its port across kill() and restart(), and listens on loopback", async () => {
  await using server = await NatsServer.start(serverOptions);
  const { port } = server;
  await server.kill();
  await rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
  await server.restart();
  equal(server.port, port);
  ok(server.log.some((line) => line.includes(`127.0.0.1:${port}`)));
});

Deno.test("connectNats() to nobody is a ConnectionError that names the address and says what to do", async () => {
  const port = freePort();
  await rejects(connectNats({ servers: `nats://user:hidden@127.0.0.1:${port}`, timeout: 2_000 }), (error) => {
    ok(error instanceof ConnectionError, String(error));
    ok(error.message.includes(`"nats://127.0.0.1:${port}"`), error.message);
    ok(/check the address/.test(error.message), error.message);
    deepEqual(error.message.includes("hidden"), false);
    return true;
  });
});

Deno.test("connectNats() to what is no NATS server is a ConnectionError, and leaves no socket", async () => {
  for (const said of ["", "HTTP/1.1 400 Bad"]) {
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr;
    const failed = rejects(connectNats({ servers: `127.0.0.1:${port}`, timeout: 50 }), (error) => {
      ok(error instanceof ConnectionError && /answers as a NATS server/.test(error.message), String(error));
      return true;
    });
    using connection = await within(other.accept(), "the attempt");
    await connection.write(new TextEncoder().encode(said));
    await failed;
    equal(await within(readOnce(connection), "the end of the attempt's socket"), null);
  }
});

natsTest("a hundred logins with wrong credentials are a hundred AuthorizationErrors, and no uncaught one", async () => {
  await using server = await NatsServer.start({ ...serverOptions, auth: { token: "right" } });
  for (let index = 0; index < 100; index++) {
    const login = connectNats({ servers: server.url, credentials: { token: "wrong" } });
    await rejects(within(login, "the refusal"), { name: "AuthorizationError" });
  }
});

/** The count of bytes, or `null` at the end, in whichever way the other side ended. */
async function readOnce(connection: Deno.TcpConn): Promise<number | null> {
  try {
    return await connection.read(new Uint8Array(1));
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return null;
    throw error;
  }
}

/** A port on which nobody listens. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
