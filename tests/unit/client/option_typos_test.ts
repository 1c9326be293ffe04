import assert from "node:assert/strict";
import { joinResults } from "../../../client/join_results.ts";
import { FakeCluster } from "./fake_cluster.ts";

/** As somebody without a compiler may write it. */
// deno-lint-ignore no-explicit-any
type Loose = any;

Deno.test("an option that is misspelt, or given without its name, is refused wherever there are options", async (t) => {
  const cluster = await FakeCluster.start();
  const client: Loose = cluster.client;
  const one: Loose = client.loadBalancedView().apply(() => 1);
  const wrong: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
    [
      "get",
      () => one.get({ timout: 5 }),
      /option "timout": it is unknown; there are timeout, signal, returnExceptions/,
    ],
    ["get", () => one.get(5), /Cannot get the result with 5: options are an object with timeout/],
    ["wait", () => one.wait({ ms: 5 }), /option "ms"/],
    ["waitInteractive", () => one.waitInteractive({ intervall: 5 }), /option "intervall".*interval, output/],
    ["client.wait", () => client.wait([one], 5), /Cannot wait with 5/],
    ["client.waitForEngines", () => client.waitForEngines(1, { timeOut: 5 }), /option "timeOut"/],
    ["client.shutdown", () => client.shutdown({ target: 0 }), /Cannot shut down with option "target".*targets, hub/],
    ["client.signal", () => client.signal("SIGINT", [0]), /Cannot signal engines with \[0\]/],
    ["view.shutdown", () => client.directView().shutdown({ hubs: true }), /option "hubs"/],
    ["view.scatter", () => client.directView().scatter("a", [1], { distribution: "block" }), /option "distribution"/],
    ["view.gather", () => client.directView().gather("a", "roundRobin"), /Cannot gather with "roundRobin"/],
    ["view.pull", () => client.directView().pull(4), /Cannot pull 4: give a name, or a list of names/],
  ];
  for (const [what, call, message] of wrong) {
    await t.step(what, () => assert.rejects(async () => await call(), { name: "TypeError", message }));
  }
  assert.throws(() => client.echo({ group: true }), /Cannot echo with option "group"/);
  assert.equal(await one, 1);
});

Deno.test("what is no sequence is told what would be one", async () => {
  const cluster = await FakeCluster.start();
  const view: Loose = cluster.client.loadBalancedView();
  const f = (x: unknown) => x;
  await assert.rejects(async () => await view.map(f, (async function* () {})()), /use imap, which takes these/);
  await assert.rejects(async () => await view.map(f, view.apply(() => [1])), /it is a result.*await it first/);
  await assert.rejects(async () => await view.map([1], f), /it is a function; give the function first/);
  await assert.rejects(async () => await view.map(f, { a: 1 }), /Object\.entries/);
});

Deno.test("a task that is submitted to a closed client is not said to go on", async () => {
  const cluster = await FakeCluster.start();
  const view = cluster.client.loadBalancedView();
  const before = cluster.manual().client.loadBalancedView().apply(() => 1);
  await cluster.client.close();
  await assert.rejects(Promise.resolve(before), /Lost the result.*goes on where it was/);
  for (const after of [view.apply(() => 1), cluster.client.at(0).apply(() => 1)]) {
    await assert.rejects(
      Promise.resolve<unknown>(after),
      { name: "ConnectionError", message: /Cannot submit.*Client\.connect/ },
    );
  }
});

Deno.test("printed without await, a result says what it is and how far", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const view = cluster.client.loadBalancedView();
  const map = view.map((x: number) => JSON.parse(x === 2 ? "{" : "1"), [1, 2, 3]);
  assert.equal(Deno.inspect(map), `AsyncMapResult { 0 of 3 done; await it }`);
  await cluster.until(() => cluster.tasks.size === 3);
  await cluster.run();
  await map.wait();
  assert.equal(Deno.inspect(map), `AsyncMapResult { 3 of 3 done, 1 failed }`);
  assert.equal(Deno.inspect(cluster.client), `Client { engines: 0, 1 }`);
});

Deno.test("an uncaught failure of a map shows the place of the call, and no place of ours", async () => {
  const cluster = await FakeCluster.start();
  const map = cluster.client.loadBalancedView().map(() => JSON.parse("{"), [1]);
  const { stack } = await map.catch((error: Error) => error) as Error;
  assert.match(stack ?? "", /option_typos_test\.ts/);
  assert.doesNotMatch(stack ?? "", /client\/async_result\.ts/);
});

Deno.test("what is no result can't be joined, and a list of results is told to be spread", async () => {
  const cluster = await FakeCluster.start();
  const join: Loose = joinResults;
  assert.throws(() => join(4), { name: "TypeError", message: /Cannot join 4: it is no result/ });
  const results = [1, 2].map((x) => cluster.client.loadBalancedView().apply((x: number) => x, x));
  assert.throws(() => join(results), /joinResults\(\.\.\.list\)/);
  assert.deepEqual(await joinResults(...results), [1, 2]);
});

Deno.test("functions of the runtime are refused with the call to write instead", async (t) => {
  const cluster = await FakeCluster.start();
  const view: Loose = cluster.client.loadBalancedView();
  const rejects = (result: PromiseLike<unknown>, message: RegExp) =>
    assert.rejects(async () => await result, { name: "SerializationError", message });
  const get = fetch;
  await t.step("native ones", async () => {
    await rejects(view.map(Math.sqrt, [4]), /"sqrt".*\(x\) => Math\.sqrt\(x\)\.$/);
    await rejects(view.apply(Math.max, 1, 2), /\(\.\.\.args\) => Math\.max\(\.\.\.args\)\.$/);
    await rejects(view.map(parseInt, ["1"]), /=> parseInt\(/);
  });
  await t.step(
    "those with a text",
    () => rejects(view.apply(() => get("data:,")), /"fetch": it belongs to the runtime.*=> fetch\(/),
  );
  await t.step("a client and its views", () => rejects(view.apply(() => view.map), /use currentTask\(\)\.client/));
});
