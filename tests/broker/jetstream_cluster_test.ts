/** The JetStream adapter on a cluster of three servers, of which one dies. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { dialNats } from "../../bus/nats_transport.ts";
import { jetstreamManager } from "../../deps/nats_jetstream.ts";
import { Lease } from "../../store/jetstream/lease.ts";
import { openLeaseCell } from "../../store/jetstream/lease_cell.ts";
import { openJetStream } from "../../store/jetstream/open_jetstream.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { bytesOf, readJournal } from "../unit/store/conformance/store_reading.ts";
import { jetStreamTest } from "./jetstream_place.ts";

const NAMES = ["a", "b", "c"];

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ port: 0, hostname: "127.0.0.1" }));
  return listeners.map((listener) => {
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    return port;
  });
}

async function startCluster(stack: AsyncDisposableStack): Promise<Map<string, NatsServer>> {
  const found = await findNatsServer();
  const ports = freePorts(NAMES.length);
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
  const servers = new Map<string, NatsServer>();
  for (const [index, name] of NAMES.entries()) {
    const cluster = `cluster { name: test, listen: "127.0.0.1:${ports[index]}", routes: [${routes}] }`;
    const path = "path" in found ? { path: found.path } : {};
    const server = await NatsServer.start({ ...path, jetstream: true, config: `server_name: ${name}\n${cluster}` });
    servers.set(name, stack.use(server));
  }
  return servers;
}

jetStreamTest("jetstream: with three replicas the death of a stream's leader loses and doubles nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const servers = await startCluster(stack);
  const urls = [...servers.values()].map(({ url }) => url);
  const connection = await dialNats({ servers: urls, maxReconnectAttempts: -1, reconnectDelayHandler: () => 50 });
  stack.defer(() => connection.close());
  const options = { cluster: "test", durability: "power", replicas: 3 } as const;
  let confirmed = 0;
  {
    const cell = await openLeaseCell(connection, { cluster: "test", replicas: 3, timeoutMs: 700 });
    await using lease = await within(Lease.wait(cell, { name: "one" }), "the lease", 20_000);
    await using store = await openJetStream(connection, options);
    let isOver = false;
    const appending = (async () => {
      while (!isOver) await store.journal.append(bytesOf(String(confirmed++)));
    })();
    const manager = await jetstreamManager(connection);
    const { cluster } = await manager.streams.info("TROUPE_test_journal");
    equal(cluster?.replicas?.length, 2, "two beside the leader");
    await servers.get(cluster?.leader ?? "")?.kill();
    const before = confirmed;
    await store.records.change([["row", bytesOf("+")]]);
    await within(lease.untilValid(), "the lease to be renewed", 20_000);
    isOver = true;
    await within(appending, "the last append", 30_000);
    ok(confirmed >= before);
  }
  await using again = await openJetStream(connection, options);
  const expected = Array.from({ length: confirmed }, (_, index) => `entry ${index}`);
  deepEqual(await readJournal(again.journal), expected);
});
