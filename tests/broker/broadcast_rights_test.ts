/** Broadcasts under the rights of the three roles, on either server. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import type { Bus } from "../../bus/bus.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { makeNatsCredentials, natsUsersConfig } from "../../cluster/nats_users.ts";
import { broadcastSubject, subjectPermissions } from "../../protocol/subjects.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";

const CLUSTER = "blue";
const SUBJECT = broadcastSubject(CLUSTER);
const ROLES = ["client", "host", "controller"] as const;
type Role = typeof ROLES[number];

const found = await findNatsServer();
const missing = "missing" in found ? found.missing : undefined;

/** Connects as a role; errors of the server come to `complained`. */
type Connect = (role: Role, complained?: (error: Error) => void) => Promise<Bus>;

async function checkRights(connect: Connect): Promise<void> {
  await using one = await connect("host");
  await using other = await connect("host");
  await using client = await connect("client");
  const heard: string[] = [];
  // Unlike in a queue group, everybody hears everything.
  for (const bus of [one, other]) {
    bus.subscribe(SUBJECT, ({ data }) => heard.push(new TextDecoder().decode(data)));
    await bus.flush();
  }
  for (let index = 0; index < 20; index++) client.publish(SUBJECT, new TextEncoder().encode(`${index}`));
  for (const bus of [client, one, other]) await within(bus.flush(), "a flush");
  assert.deepEqual(heard.map(Number).sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => Math.floor(i / 2)));

  const refusal = Promise.withResolvers<Error>();
  await using curious = await connect("client", refusal.resolve);
  curious.subscribe(SUBJECT, () => {});
  assert.match(String(await within(refusal.promise, "a refusal")), /AuthorizationError.*not allowed/);

  const second = Promise.withResolvers<Error>();
  await using bold = await connect("host", second.resolve);
  bold.publish(SUBJECT, new Uint8Array(1));
  assert.match(String(await within(second.promise, "a refusal")), /AuthorizationError.*not allowed/);
  assert.equal(heard.length, 40);
}

function connectTo(servers: string, logins: ReturnType<typeof makeNatsCredentials>): Connect {
  return (role, onError = () => {}) => {
    const { user = "", password = "" } = logins[role] ?? {};
    return connectNats({ servers, credentials: { user, pass: password }, onError });
  };
}

Deno.test("the embedded broker lets clients speak to all hosts at once and hosts hear it, and no more", async () => {
  const logins = makeNatsCredentials(CLUSTER);
  const users = ROLES.map((role) => {
    const { user = "", password = "" } = logins[role] ?? {};
    return { user, password, permissions: subjectPermissions(CLUSTER, role) };
  });
  await using broker = await Broker.start({ users });
  await checkRights(connectTo(broker.url, logins));
});

Deno.test({
  name: `a nats-server with the users of nats-users does the same${missing === undefined ? "" : ` [${missing}]`}`,
  ignore: missing !== undefined,
  async fn() {
    const logins = makeNatsCredentials(CLUSTER);
    const path = "path" in found ? { path: found.path } : {};
    await using server = await NatsServer.start({ ...path, config: natsUsersConfig(CLUSTER, logins) });
    await checkRights(connectTo(server.url, logins));
  },
});
