import assert from "node:assert/strict";
import { joinResults } from "../../../client/join_results.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { CompositeError, RemoteError, TaskAborted } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

const half = (x: number) => {
  if (x % 2 === 1) throw new RangeError(`odd: ${x}`);
  return x / 2;
};

const shown = (value: unknown) => value instanceof RemoteError ? value.remoteName : value;

for (const chunksize of [1, 2]) {
  Deno.test(`with chunks of ${chunksize}, split() gives a result for each item, with its own outcome`, async () => {
    const cluster = (await FakeCluster.start()).manual();
    const map = cluster.client.loadBalancedView().with({ chunksize }).map(half, [2, 4, 5]);
    const parts = map.split();
    assert.deepEqual(parts.map(({ ready, length }) => [ready, length]), [[false, 1], [false, 1], [false, 1]]);
    assert.deepEqual(
      parts.map((part) => part.msgId),
      chunksize === 1 ? map.msgIds : [0, 0, 1].map((at) => map.msgIds[at]),
    );
    await cluster.until(() => cluster.tasks.size === map.msgIds.length);
    await cluster.run();
    assert.deepEqual([await parts[0], await parts[1]], [1, 2]);
    await assert.rejects(Promise.resolve(parts[2]), /odd: 5/);
    assert.deepEqual(parts.map((part) => part.stdout), ["out\n", "out\n", "out\n"]);
    assert.deepEqual(await Promise.all(map.split().map((part) => part.catch(shown))), [1, 2, "RangeError"]);
  });
}

Deno.test("what split() gave can be waited for and aborted alone", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const parts = cluster.client.loadBalancedView().map(half, [2, 4]).split();
  await cluster.until(() => cluster.tasks.size === 2);
  parts[0]?.abort();
  await cluster.until(() => cluster.aborts.length > 0);
  assert.deepEqual(cluster.aborts, [parts[0]?.msgId]);
  await assert.rejects(Promise.resolve(parts[0]), TaskAborted);
  assert.equal(parts[1]?.ready, false);
  await cluster.run();
  assert.equal(await cluster.client.wait(parts[1]), true);
  assert.equal(await parts[1], 2);
});

Deno.test("split() of one result is that one; of several targets one for each", async () => {
  const cluster = await FakeCluster.start();
  const one = cluster.client.loadBalancedView().apply(() => 1);
  assert.deepEqual(one.split(), [one]);
  const [first, second] = cluster.client.directView().apply(() => 2).split();
  assert.deepEqual([await first, await second, second?.engineId], [2, 2, 1]);
});

Deno.test("splitting a big map costs each item once", async () => {
  const cluster = await FakeCluster.start();
  const map = cluster.client.loadBalancedView().with({ chunksize: 100 }).map(
    (x: number) => x,
    new Array(20_000).fill(1),
  );
  const parts = map.split();
  const began = performance.now();
  await map;
  assert.ok(parts.every((part) => part.ready));
  assert.ok(performance.now() - began < 5_000);
});

Deno.test("joinResults() makes one result of several, in order, whatever order they end in", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [ten, halves] = [lview.apply(() => 10), lview.with({ chunksize: 2 }).map(half, [2, 4, 6])];
  const all = joinResults(ten, halves, cluster.client.at(0).apply(() => 0));
  assert.deepEqual([all.length, all.progress, all.ready], [5, 0, false]);
  await cluster.until(() => cluster.tasks.size === 4);
  await cluster.run([2, 1]);
  assert.deepEqual([all.progress, all.ready], [3, false]);
  await cluster.run();
  assert.deepEqual(await all, [10, 1, 2, 3, 0]);
  const iterated: number[] = [];
  for await (const value of joinResults(all, ten)) iterated.push(value);
  assert.deepEqual(iterated, [10, 1, 2, 3, 0, 10]);
  assert.equal(all.metadata.length, 5);
  assert.ok(all.successful && all.wallTime >= 0);
});

Deno.test("what fails in a joined result is one CompositeError of all; aborting it aborts what is left", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [bad, open] = [lview.map(half, [1, 3]), lview.apply(half, 4)];
  const all = joinResults(bad, open);
  await cluster.until(() => cluster.tasks.size === 3);
  await cluster.run([0, 1]);
  await bad.wait();
  all.abort();
  await cluster.until(() => cluster.aborts.length > 0);
  assert.deepEqual(cluster.aborts, [open.msgId]);
  await assert.rejects(Promise.resolve(all), (error: Error) => {
    assert.ok(error instanceof CompositeError);
    assert.match(error.message, /^3 of 3 tasks failed/);
    return true;
  });
  assert.throws(() => joinResults(), TypeError);
});

Deno.test("returnExceptions can be asked for after the fact, and taken back", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const map = lview.map(half, [2, 3]);
  await assert.rejects(map.get(), CompositeError);
  assert.deepEqual((await map.get({ returnExceptions: true })).map(shown), [1, "RangeError"]);
  assert.equal(shown(await lview.apply(half, 3).get({ returnExceptions: true })), "RangeError");
  await assert.rejects(lview.with({ returnExceptions: true }).map(half, [3]).get({ returnExceptions: false }));
});

Deno.test("getDict() sorts results by engine: one each for targets, lists for a map", async () => {
  const cluster = await FakeCluster.start();
  assert.deepEqual(await cluster.client.directView().apply(() => "x").getDict(), { 0: "x", 1: "x" });
  assert.deepEqual(await cluster.client.at(1).apply(() => "x").getDict(), { 1: "x" });
  const map = cluster.client.loadBalancedView().with({ chunksize: 2 }).map((x: number) => x, [1, 2, 3, 4, 5]);
  assert.deepEqual(await map.getDict(), { 0: [1, 2, 5], 1: [3, 4] });
  await assert.rejects(cluster.client.loadBalancedView().map(half, [1]).getDict(), CompositeError);
});

Deno.test("the results of several targets can be iterated; a single one can't", async () => {
  const cluster = await FakeCluster.start();
  const seen: number[] = [];
  for await (const value of cluster.client.directView().apply(() => 3)) seen.push(value);
  assert.deepEqual(seen, [3, 3]);
  const one = cluster.client.at(0).apply(() => 3) as unknown as AsyncIterable<number>;
  assert.throws(() => one[Symbol.asyncIterator](), TypeError);
});

Deno.test("waitInteractive() draws until all is settled, or the time is over", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const map = cluster.client.loadBalancedView().map(half, [2, 1]);
  await cluster.until(() => cluster.tasks.size === 2);
  const drawn: string[] = [];
  const output = { isTerminal: true, columns: () => 60, write: (text: string) => void drawn.push(text) };
  const late = map.waitInteractive({ timeout: 250, output });
  await clock.run(250);
  assert.equal(await late, false);
  assert.match(drawn[0] ?? "", new RegExp("^\\r {3}0 % ░+ 0/2 tasks · 100 ms\u001b\\[K$"));
  drawn.length = 0;
  const waiting = map.waitInteractive({ output });
  await cluster.run([1]);
  await clock.run(100);
  assert.match(drawn.at(-1) ?? "", / 50 % █+░+ 1\/2 tasks · 1 failed · 350 ms/);
  await cluster.run();
  assert.equal(await waiting, true);
  assert.match(drawn.at(-2) ?? "", / 100 % █+ 2\/2 tasks · 1 failed/);
  assert.equal(drawn.at(-1), "\n");
  assert.equal(clock.pending, 0);
  await assert.rejects(map.waitInteractive({ interval: 0, output }), RangeError);
  await assert.rejects(map.waitInteractive({ interval: "1" as never, output }), TypeError);
});
