/** What the three roles may say and hear, on either server: where the tests of rights get their connections. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import type { Bus } from "../../bus/bus.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { makeNatsCredentials, natsUsersConfig } from "../../cluster/nats_users.ts";
import { subjectPermissions } from "../../protocol/subjects.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";

/** The cluster that the connections are for. */
export const CLUSTER = "blue";

const ROLES = ["client", "host", "controller"] as const;
type Role = typeof ROLES[number];

/** Connects as a role; errors of the server come to `complained`. */
export type Connect = (role: Role, complained?: (error: Error) => void) => Promise<Bus>;

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;

/** Two tests: `check` against the embedded broker, which `name` says it of, and against a `nats-server`. */
export function testRights(name: string, check: (connect: Connect) => Promise<void>): void {
  Deno.test(`the embedded broker lets ${name}`, async () => {
    const logins = makeNatsCredentials(CLUSTER);
    const users = ROLES.map((role) => {
      const { user = "", password = "" } = logins[role] ?? {};
      return { user, password, permissions: subjectPermissions(CLUSTER, role) };
    });
    await using broker = await Broker.start({ users });
    await check(connectTo(broker.url, logins));
  });

  Deno.test({
    name: `a nats-server with the users of nats-users does the same${missing === undefined ? "" : ` [${missing}]`}`,
    ignore: missing !== undefined,
    async fn() {
      const logins = makeNatsCredentials(CLUSTER);
      const path = "path" in found ? { path: found.path } : {};
      await using server = await NatsServer.start({ ...path, config: natsUsersConfig(CLUSTER, logins) });
      await check(connectTo(server.url, logins));
    },
  });
}

/** The server refuses what that role does with its connection. */
export async function checkRefused(connect: Connect, role: Role, act: (bus: Bus) => void): Promise<void> {
  const refusal = Promise.withResolvers<Error>();
  await using bus = await connect(role, refusal.resolve);
  act(bus);
  assert.match(String(await within(refusal.promise, "a refusal")), /AuthorizationError.*not allowed/);
}

/** Two hosts that listen to a subject. */
export class ListeningHosts implements AsyncDisposable {
  readonly #heard: number[] = [];
  readonly #buses: readonly Bus[];

  private constructor(buses: readonly Bus[]) {
    this.#buses = buses;
  }

  static async on(
    subject: string,
    connect: Connect,
    options: { readonly queue?: string } = {},
  ): Promise<ListeningHosts> {
    const hosts = new ListeningHosts([await connect("host"), await connect("host")]);
    for (const bus of hosts.#buses) {
      bus.subscribe(subject, ({ data }) => hosts.#heard.push(Number(new TextDecoder().decode(data))), options);
      await bus.flush();
    }
    return hosts;
  }

  /** All numbers that both have heard by now, ascending. */
  async heard(): Promise<number[]> {
    for (const bus of this.#buses) await within(bus.flush(), "a flush");
    return this.#heard.toSorted((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
  }
}

/** A client publishes the numbers from 0 up. */
export async function publishNumbers(connect: Connect, subject: string, count: number): Promise<void> {
  await using client = await connect("client");
  for (let index = 0; index < count; index++) client.publish(subject, new TextEncoder().encode(`${index}`));
  await within(client.flush(), "a flush");
}

function connectTo(servers: string, logins: ReturnType<typeof makeNatsCredentials>): Connect {
  return (role, onError = () => {}) => {
    const { user = "", password = "" } = logins[role] ?? {};
    return connectNats({ servers, credentials: { user, pass: password }, onError });
  };
}
