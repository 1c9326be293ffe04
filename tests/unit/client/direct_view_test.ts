import assert from "node:assert/strict";
import { Reference } from "../../../client/reference.ts";
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

Deno.test("a map is parted over the engines in order, its chunks as even as can be", async () => {
  const cluster = await FakeCluster.start();
  const sum = cluster.client.directView().map(
    (x: number, y: number) => x + y,
    [1, 2, 3, 4, 5],
    new Set([10, 20, 30, 40, 50]),
  );
  assert.deepEqual(await sum, [11, 22, 33, 44, 55]);
  assert.deepEqual([sum.engineId, sum.length], [[0, 1], 5]);
  assert.deepEqual([...cluster.directBatches[0]?.batch[3] ?? []].map(([, engine]) => engine), [0, 1]);
  const few = cluster.client.directView().map((x: number) => x, [7]);
  assert.deepEqual([await few, few.engineId], [[7], [0]]);
  assert.deepEqual(await cluster.client.at(1).map((x: number) => -x, [1, 2]), [-1, -2]);
  assert.deepEqual(await cluster.client.directView().map((x: number) => x, []), []);
});

Deno.test("each item of a map has an outcome of its own", async () => {
  const cluster = await FakeCluster.start();
  const picky = (x: number) => {
    if (x === 2) throw new Error("not two");
    return x;
  };
  const view = cluster.client.directView();
  await assert.rejects(Promise.resolve(view.map(picky, [1, 2, 3, 4])), /1 of 4.*not two/);
  const [first, second, ...rest] = await view.with({ returnExceptions: true }).map(picky, [1, 2, 3, 4]);
  assert.deepEqual([first, (second as unknown) instanceof Error, rest], [1, true, [3, 4]]);
});

Deno.test("an engine of a list that isn't there fails alone", async () => {
  const cluster = await FakeCluster.start();
  const view = cluster.client.directView([0, 9, 1]);
  await assert.rejects(Promise.resolve(view.apply(() => 1)), (error: Error) => {
    assert.ok(error instanceof CompositeError);
    assert.equal(error.errors.length, 1);
    assert.match(String(error.errors[0]), /NoEnginesRegistered.*engine 9: there is none of this id/);
    return true;
  });
  const [one, missing, other] = await view.with({ returnExceptions: true }).apply(() => 1);
  assert.deepEqual([one, (missing as unknown) instanceof NoEnginesRegistered, other], [1, true, 1]);
});

Deno.test("flags that need a scheduler are refused, the others do what they say", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const view = cluster.client.directView();
  assert.throws(
    () => view.with({ retries: 1 } as object),
    /flag "retries" of a direct view.*there are label, maxRuntime/,
  );
  const stop = new AbortController();
  const result = view.with({ label: "mine", maxRuntime: 50, signal: stop.signal }).apply(() => 1);
  assert.equal(result.metadata[0]?.label, "mine");
  stop.abort();
  await assert.rejects(Promise.resolve(result), CompositeError);
});

Deno.test("abort() of a view ends what that view has submitted, and nothing else", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const [mine, other] = [cluster.client.directView(), cluster.client.directView()];
  const [aborted, kept] = [mine.apply(() => 1), other.apply(() => 2)];
  mine.abort();
  await assert.rejects(Promise.resolve(aborted), CompositeError);
  await cluster.until(() => cluster.tasks.size === 2);
  await cluster.run();
  assert.deepEqual(await kept, [2, 2]);
});

Deno.test("names that can't be defined or looked up are refused before anything is sent", async () => {
  const cluster = await FakeCluster.start();
  const one = cluster.client.at(0);
  await assert.rejects(
    Promise.resolve(one.push({ ok: 1, "not ok": 2 })),
    /Cannot define "not ok" on engines: it is no name/,
  );
  await assert.rejects(Promise.resolve(one.set("Array", 1)), /"Array" on engines: it is built in/);
  await assert.rejects(Promise.resolve(one.scatter("a.b", [])), TypeError);
  await assert.rejects(Promise.resolve(one.scatter("a", 5 as unknown as [])), /Cannot scatter 5/);
  await assert.rejects(Promise.resolve(one.pull(["a", ""])), /Cannot look up ""/);
  await assert.rejects(Promise.resolve(one.gather("a", { dist: "cyclic" as "block" })), /"block" or "roundRobin"/);
  assert.throws(() => new Reference("a..b"), TypeError);
  assert.equal(cluster.directBatches.length, 0);
});

Deno.test("a text with an error rejects as one SyntaxError, and what was submitted behind it goes on", async () => {
  const cluster = await FakeCluster.start();
  const view = cluster.client.directView();
  const wrong = view.execute("a = = 1");
  const behind = view.apply(() => "behind");
  await assert.rejects(Promise.resolve(wrong), { name: "SyntaxError", message: /line 1, column 5/ });
  assert.deepEqual(await behind, ["behind", "behind"]);
  await assert.rejects(Promise.resolve(view.execute('import "./x.ts"')), /use run\(file\)/);
  await assert.rejects(Promise.resolve(view.run("no/such/file.ts")), Deno.errors.NotFound);
  await assert.rejects(Promise.resolve(view.execute(7 as unknown as string)), /it is no text/);
});

Deno.test("orders go to the hosts of the engines; unknown engines and half of a cluster are refused", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => {
    cluster.engines = [engineMessage(0), engineMessage(1), engineMessage(2, "h2" as typeof HOST)];
  });
  const { client } = cluster;
  await client.signal("SIGUSR1");
  await client.shutdown({ targets: [2, 0] });
  assert.deepEqual(client.ids, [1]);
  await client.at(1).shutdown();
  assert.deepEqual(cluster.orders, [
    ["SIGUSR1", "h1", [0, 1]],
    ["SIGUSR1", "h2", [2]],
    ["stop", "h2", [2]],
    ["stop", "h1", [0]],
    ["stop", "h1", [1]],
  ]);
  await assert.rejects(client.signal("SIGINT", { targets: 7 }), NoEnginesRegistered);
  await assert.rejects(client.shutdown({ targets: 0, hub: true }), /leave out "targets", or "hub"/);
});
