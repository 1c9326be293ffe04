/** Actor systems on a real `nats-server` and on the embedded broker: names, order, outages, ends. @module */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Actor } from "../../actors/actor.ts";
import { ActorSystem } from "../../actors/actor_system.ts";
import { Broker } from "../../broker/broker.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { AuthorizationError, ConnectionError, NameTaken } from "../../wire/errors.ts";

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;
if (missing !== undefined) console.error(`Tests on a real nats-server are skipped: ${missing}.`);
const serverOptions = "path" in found ? { path: found.path } : {};

const USER = { user: "demo", password: "a long secret" };
const CREDENTIALS = { user: USER.user, pass: USER.password };

interface Server extends AsyncDisposable {
  readonly url: string;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

async function realServer(): Promise<Server> {
  const server = await NatsServer.start({ ...serverOptions, auth: { users: [CREDENTIALS] } });
  return {
    url: server.url,
    goAway: () => server.kill(),
    comeBack: () => server.restart(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function embeddedBroker(): Promise<Server> {
  let broker = await Broker.start({ users: [USER] });
  const { url, port } = broker;
  return {
    url,
    goAway: () => broker.stop(),
    async comeBack() {
      broker = await Broker.start({ port, users: [USER] });
    },
    [Symbol.asyncDispose]: () => broker.stop(),
  };
}

class Log extends Actor {
  readonly #seen: unknown[] = [];
  note(value: unknown): number {
    return this.#seen.push(value);
  }
  seen(): unknown[] {
    return this.#seen;
  }
  never(): Promise<void> {
    return new Promise(() => {});
  }
  where(): string {
    return this.context.system.address;
  }
}

for (const [kind, start] of [["nats-server", realServer], ["embedded broker", embeddedBroker]] as const) {
  const ignore = kind === "nats-server" && missing !== undefined;
  const test = (name: string, run: (server: Server, join: () => Promise<ActorSystem>) => Promise<void>) =>
    Deno.test({
      name: `${kind}: ${name}`,
      ignore,
      async fn() {
        await using server = await start();
        const systems: ActorSystem[] = [];
        const join = async () => {
          const system = await ActorSystem.connect({ nats: server.url, credentials: CREDENTIALS, name: "demo" });
          systems.push(system);
          return system;
        };
        try {
          await run(server, join);
        } finally {
          for (const system of systems) await system.close();
        }
      },
    });

  test("an actor is found by name from another connection, takes any value, and its name is taken", async (_, join) => {
    const [a, b] = [await join(), await join()];
    const own = await a.spawn(Log, { name: "log" });
    const ref = b.ref<Log>("log");
    const values = [new Map([["x", new Date(5)]]), undefined, -0, 10n ** 40n, new Uint8Array(100_000)];
    for (const value of values) ref.cast.note(value);
    deepEqual(await within(ref.call.seen(), "the values"), values);
    await rejects(b.spawn(Log, { name: "log" }), NameTaken);
    const reasons = (async () => {
      for await (const event of b.watch(ref)) if (event.kind === "ended") return event.reason;
    })();
    await ref.call.where();
    await a.stop(own);
    equal(await within(reasons, "the notice"), "stopped");
    await b.spawn(Log, { name: "log" });
    equal(await within(b.ref<Log>("log").call.where(), "the second"), b.address);
  });

  test("through an outage of the server nothing is lost, doubled or reordered", async (server, join) => {
    const [a, b] = [await join(), await join()];
    await a.spawn(Log, { name: "log" });
    const ref = b.ref<Log>("log");
    await ref.call.note(0);
    for (let i = 1; i <= 500; i++) ref.cast.note(i);
    await server.goAway();
    for (let i = 501; i <= 1_000; i++) ref.cast.note(i);
    const reply = ref.call.note(1_001, { timeout: 20_000 });
    await server.comeBack();
    equal(await within(reply, "the reply", 20_000), 1_002);
    deepEqual(await ref.call.seen(), Array.from({ length: 1_002 }, (_, i) => i));
    equal(await within((await join()).ref<Log>("log").call.where(), "a new node's reply"), a.address);
  });

  test("a node that vanishes is down for its callers and watchers, and its names are free", async (server, join) => {
    const bus = await connectNats({ servers: server.url, credentials: CREDENTIALS });
    const vanishing = await ActorSystem.connect({ bus, name: "demo", node: "vanishing", heartbeatMs: 100 });
    const b = await ActorSystem.connect({ nats: server.url, credentials: CREDENTIALS, name: "demo", heartbeatMs: 100 });
    await vanishing.spawn(Log, { name: "log", shutdown: 0 });
    const ref = b.ref<Log>("log");
    await ref.call.note(1);
    const kinds: string[] = [];
    const watching = (async () => {
      for await (const event of b.watch(ref)) kinds.push(event.kind === "ended" ? event.reason : event.kind);
    })();
    await ref.call.note(2);
    const waiting = rejects(ref.call.never({ timeout: Infinity }), ConnectionError);
    await bus.close();
    await within(Promise.all([waiting, watching]), "the end");
    equal(kinds.at(-1), "node-down");
    await (await join()).spawn(Log, { name: "log" });
    equal(await within(ref.call.note("again"), "the new owner's reply"), 1);
    await vanishing.close();
    await b.close();
  });

  Deno.test({
    name: `${kind}: wrong credentials and a missing server are said at once`,
    ignore,
    async fn() {
      await using server = await start();
      const wrong = { user: USER.user, pass: "wrong" };
      await rejects(ActorSystem.connect({ nats: server.url, credentials: wrong, name: "demo" }), AuthorizationError);
      await server.goAway();
      await rejects(
        ActorSystem.connect({ nats: server.url, credentials: CREDENTIALS, name: "demo" }),
        (error) => error instanceof ConnectionError && /127\.0\.0\.1/.test(error.message),
      );
    },
  });
}

Deno.test("the example of the documentation runs and says what it shows", async () => {
  const example = new URL("../../examples/actors_counter.ts", import.meta.url);
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--node-modules-dir=none", example.href],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(output.stdout);
  match(
    text,
    /a call of 2: 3\nRemoteError, caused by RangeError\nended failed: RangeError: Cannot add "NaN".*\nthe new one counts from 0: 1\n$/,
  );
  equal(output.success, true, new TextDecoder().decode(output.stderr));
});
