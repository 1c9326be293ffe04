/** Controllers on a cluster of NATS servers: the one that leads the streams dies, and comes back. @module */
import assert from "node:assert/strict";
import { dialNats } from "../../bus/nats_transport.ts";
import { jetstreamManager } from "../../deps/nats_jetstream.ts";
import { leaseBucket } from "../../protocol/subjects.ts";
import { NatsCluster } from "../../testing/nats_cluster.ts";
import { startLoad } from "./mixed_load.ts";
import { runFile, StandbyLab, standbyTest } from "./standby_lab.ts";

const STREAMS = ["journal", "records", "snapshots", "blobs"].map((role) => `TROUPE_default_${role}`);

standbyTest(
  "with three servers all is kept three times, and any of them may die, also the one that leads the streams",
  async () => {
    await using nats = await NatsCluster.start(3, { jetstream: true });
    const servers = nats.urls.join(",");
    await using file = await runFile();
    await using lab = await StandbyLab.start({ controllers: 2, servers });
    await using connection = await connect(nats.urls);
    const { streams } = await jetstreamManager(connection.nats);
    for (const name of [...STREAMS, `KV_${leaseBucket("default")}`]) {
      assert.equal((await streams.info(name)).config.num_replicas, 3, name);
    }
    await using client = await lab.connect();
    const load = startLoad(client, file.path);
    await client.loadBalancedView().apply(() => 1);
    const leader = (await streams.info("TROUPE_default_journal")).cluster?.leader;
    const doomed = nats.servers[Number(leader?.slice(1))] ?? assert.fail(`no server "${leader}"`);
    await doomed.kill();
    assert.equal(await client.loadBalancedView().apply(() => 2), 2);
    await doomed.restart();
    assert.equal(await client.loadBalancedView().apply(() => 3), 3);
    const { wrongRuns } = await load.finish();
    assert.deepEqual(wrongRuns, []);
  },
);

async function connect(servers: readonly string[]) {
  const nats = await dialNats({ servers: [...servers], maxReconnectAttempts: -1 });
  return { nats, [Symbol.asyncDispose]: () => nats.close() };
}
