import assert from "node:assert/strict";
import { DIRECT_COUNTERS_FROM } from "../../../protocol/ids.ts";
import { CompositeError, EngineError, NoEnginesRegistered, TaskAborted } from "../../../wire/errors.ts";
import { engineMessage, FakeCluster, HOST } from "./fake_cluster.ts";

Deno.test("a number gives a scalar, a list or all give arrays in target order", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  assert.equal(await client.at(1).apply((x: number) => x, 4), 4);
  assert.deepEqual(await client.directView([1]).apply((x: number) => x, 4), [4]);
  const all = client.directView().apply(() => "each");
  assert.deepEqual(await all, ["each", "each"]);
  assert.deepEqual(all.engineId, [0, 1]);
  const reversed = client.directView([1, 0]).apply(() => 0);
  await reversed;
  assert.deepEqual(reversed.engineId, [1, 0]);
  assert.equal(cluster.batches.length, 0);
});

Deno.test("all grows with the cluster", async () => {
  const cluster = await FakeCluster.start();
  const all = cluster.client.directView("all");
  assert.equal((await all.apply(() => 1)).length, 2);
  cluster.session.engines([0, 1, 2].map((id) => engineMessage(id, (id === 2 ? "h2" : HOST) as typeof HOST)));
  assert.equal((await all.apply(() => 1)).length, 3);
  assert.deepEqual([...new Set(cluster.directBatches.map(({ host }) => host))], ["h1", "h2"]);
});

Deno.test("no engines, or one that isn't there, rejects and says so", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await assert.rejects(
    Promise.resolve(client.at(7).apply(() => 1)),
    /engine 7: there is none of this id; there are 0, 1/,
  );
  cluster.session.engines([]);
  for (const view of [client.directView(), client.directView([])]) {
    await assert.rejects(Promise.resolve(view.apply(() => 1)), NoEnginesRegistered);
  }
  assert.throws(() => client.directView(-1), RangeError);
  assert.throws(() => client.directView("some" as "all"), TypeError);
});

Deno.test("one turn's direct tasks are one message a host, with code once in the host's life", async () => {
  const cluster = await FakeCluster.start();
  const f = (x: number) => x;
  const all = cluster.client.directView();
  await Promise.all([all.apply(f, 1), all.apply(f, 2)]);
  await all.apply(f, 3);
  assert.deepEqual(cluster.directBatches.map(({ batch }) => [batch[1].length, batch[2].length, batch[3].length]), [
    [1, 1, 4],
    [0, 1, 2],
  ]);
  assert.ok(cluster.directBatches[0]?.batch[3].every(([counter]) => counter >= DIRECT_COUNTERS_FROM));
});

Deno.test("a direct failure is a RemoteError, of several a CompositeError", async () => {
  const cluster = await FakeCluster.start();
  const fails = () => {
    throw new Error("here");
  };
  await assert.rejects(Promise.resolve(cluster.client.at(0).apply(fails)), /here/);
  await assert.rejects(Promise.resolve(cluster.client.directView().apply(fails)), CompositeError);
});

Deno.test("a lost host fails its direct tasks with EngineError, and no others", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => {
    cluster.engines = [engineMessage(0), engineMessage(1, "h2" as typeof HOST)];
  });
  cluster.manual();
  const [here, there] = [cluster.client.at(0).apply(() => 1), cluster.client.at(1).apply(() => 2)];
  await cluster.until(() => cluster.tasks.size === 2);
  cluster.session.hostLost("h2" as typeof HOST, "node-down");
  await assert.rejects(Promise.resolve(there), (error: Error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /engine 1 and host "h2" with it \(node-down\)/);
    return true;
  });
  await cluster.run();
  assert.equal(await here, 1);
});

Deno.test("abort() reaches the host; what was not sent ends here", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const sent = cluster.client.at(0).apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  const unsent = cluster.client.at(0).apply(() => 2);
  sent.abort();
  unsent.abort();
  await assert.rejects(Promise.resolve(unsent), TaskAborted);
  assert.deepEqual(cluster.directAborts, [DIRECT_COUNTERS_FROM]);
  assert.equal(sent.ready, false);
});
