/** A server that takes the credentials no longer: whoever was connected ends and says so, instead of waiting for ever. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { connectClient } from "../../cluster/connect_client.ts";
import type { ControllerLife, HostConfig } from "../../cluster/control_line.ts";
import { startController } from "../../cluster/controller.ts";
import { HostService } from "../../cluster/host_service.ts";
import { DEFAULT_PERMISSIONS } from "../../host/permissions.ts";
import { within } from "../../testing/within.ts";
import { silentLog } from "../../wire/log.ts";

const cluster = "refused";

function startBroker(port: number, password: string): Promise<Broker> {
  return Broker.start({ hostname: "127.0.0.1", port, users: [{ user: "u", password }] });
}

function life(servers: readonly string[]): ControllerLife {
  return {
    cluster,
    broker: null,
    servers,
    credential: { user: "u", password: "first" },
    scheme: "leastload",
    hwm: 1,
    keep: {},
    heartbeatMs: 1_000,
    epoch: 1,
    graceMs: 0,
    before: { hosts: [], nextEngineId: 0 },
  };
}

function hostConfig(servers: readonly string[]): HostConfig {
  return {
    cluster,
    engines: 0,
    slots: 1,
    permissions: DEFAULT_PERMISSIONS,
    drainMs: 0,
    controller: null,
    servers,
    credential: { user: "u", password: "first" },
    credentials: {},
    importConfig: null,
    daemon: false,
    temporary: false,
  };
}

Deno.test("credentials that are refused after a reconnect end client, host and controller, each with the reason", async () => {
  await using stack = new AsyncDisposableStack();
  const first = await startBroker(0, "first");
  stack.use(first);
  const controller = stack.use(await startController(life([first.url]), silentLog));
  const host = stack.use(await HostService.start(hostConfig([first.url]), { log: silentLog }));
  const client = stack.use(await connectClient({ name: cluster, servers: first.url, user: "u", password: "first" }));
  const waiting = client.loadBalancedView().apply(() => 1);
  const port = Number(new URL(first.url).port);
  await first[Symbol.asyncDispose]();
  stack.use(await startBroker(port, "second"));
  const refused = /Authorization Violation/;
  await assert.rejects(within(Promise.resolve(waiting), "the client to give up", 20_000), (error: Error) => {
    assert.equal(error.name, "ConnectionError");
    assert.match(error.message, refused);
    return true;
  });
  assert.match((await within(host.failed, "the host to give up", 20_000)).message, refused);
  assert.match((await within(controller.failed, "the controller to give up", 20_000)).message, refused);
});
