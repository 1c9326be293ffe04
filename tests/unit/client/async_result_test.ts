import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, TimeoutError } from "../../../wire/errors.ts";
import { engineMessage, FakeCluster } from "./fake_cluster.ts";

Deno.test("get() rejects with TimeoutError when the time is over, and the result stays gettable", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const result = cluster.client.loadBalancedView().apply(() => 7);
  await cluster.until(() => cluster.tasks.size === 1);
  const tried = assert.rejects(result.get({ timeout: 500 }), (error: Error) => {
    assert.ok(error instanceof TimeoutError);
    assert.match(error.message, /Waited 500 ms .* 0 of 1 results/);
    return true;
  });
  clock.advance(500);
  await tried;
  const waited = result.wait({ timeout: 500 });
  clock.advance(500);
  assert.equal(await waited, false);
  await cluster.run();
  assert.equal(await result.get({ timeout: 0 }), 7);
  assert.equal(await result.wait(), true);
  assert.equal(clock.pending, 0);
});

Deno.test("a signal on get() and wait() ends the waiting alone", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 7);
  await cluster.until(() => cluster.tasks.size === 1);
  const controller = new AbortController();
  const both = [result.get({ signal: controller.signal }), result.wait({ signal: controller.signal })];
  const outcomes = Promise.allSettled(both);
  controller.abort(new Error("enough"));
  assert.ok((await outcomes).every((each) => each.status === "rejected" && each.reason.message === "enough"));
  await assert.rejects(result.get({ signal: controller.signal }), /enough/);
  assert.deepEqual(cluster.aborts, []);
  await cluster.run();
  assert.equal(await result, 7);
});

Deno.test("a bad timeout is a TypeError or RangeError", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 7);
  await assert.rejects(result.get({ timeout: -1 }), RangeError);
  await assert.rejects(result.wait({ timeout: "1" as unknown as number }), TypeError);
  await cluster.client.close();
});

Deno.test("metadata follow the task: ready, running, done; ages become epoch ms", async () => {
  const clock = new FakeClock(1_000_000);
  const cluster = (await FakeCluster.start(clock)).manual();
  const result = cluster.client.loadBalancedView().with({ label: "mine" }).apply((x: number) => x, 1);
  await cluster.until(() => cluster.tasks.size === 1);
  assert.deepEqual([result.metadata.status, result.engineId, result.ready], ["ready", null, false]);
  clock.advance(100);
  cluster.session.running([[0, 1 as never, "uuid-1" as never, 40]]);
  assert.deepEqual([result.metadata.status, result.engineId, result.metadata.started], ["running", 1, 1_000_060]);
  clock.advance(100);
  cluster.settle([0, 0, cluster.done(0, 5)[2], 0 as never, "uuid-0" as never, 2, 30, 10, "hello\n", "oops\n"]);
  assert.deepEqual(result.metadata, {
    msgId: "testsessio-0",
    submitted: 1_000_000,
    started: 1_000_160,
    completed: 1_000_190,
    received: 1_000_200,
    engineId: 0,
    engineUuid: "uuid-0",
    status: "done",
    attempts: 2,
    after: [],
    follow: [],
    label: "mine",
    stdout: "hello\n",
    stderr: "oops\n",
    data: null,
    progress: null,
    error: null,
  });
  assert.deepEqual([result.stdout, result.stderr, result.successful], ["hello\n", "oops\n", true]);
  assert.deepEqual([result.elapsed, result.wallTime, result.serialTime], [200, 200, 30]);
  clock.advance(1_000);
  assert.equal(result.elapsed, 200);
});

Deno.test("the metadata of a map are arrays, task by task", async () => {
  const cluster = await FakeCluster.start();
  const result = cluster.client.loadBalancedView().with({ chunksize: 2 }).map((x: number) => x, [1, 2, 3]);
  await result;
  assert.deepEqual([result.length, result.progress], [3, 3]);
  assert.deepEqual(result.msgIds, ["testsessio-0", "testsessio-1"]);
  assert.deepEqual(result.engineId, [0, 1]);
  assert.deepEqual(result.metadata.map(({ msgId, status }) => [msgId, status]), [
    ["testsessio-0", "done"],
    ["testsessio-1", "done"],
  ]);
  assert.deepEqual(result.stdout, ["out\n", "out\n"]);
  assert.equal(result.serialTime, 10);
});

Deno.test("then, catch and finally work as with a promise", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  assert.equal(await lview.apply(() => 1).then((x) => x + 1), 2);
  assert.equal(await lview.apply((): number => JSON.parse("{")).catch((error) => error.remoteName), "SyntaxError");
  let cleaned = false;
  assert.equal(await lview.apply(() => 3).finally(() => void (cleaned = true)), 3);
  assert.ok(cleaned);
});

Deno.test("client.wait() waits for results, ids, or all that is unsettled", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const [one, two] = [lview.apply(() => 1), lview.map((x: number) => x, [1, 2])];
  await cluster.until(() => cluster.tasks.size === 3);
  const late = client.wait(undefined, { timeout: 10 });
  clock.advance(10);
  assert.equal(await late, false);
  await cluster.run([0]);
  assert.equal(await client.wait(one), true);
  assert.equal(await client.wait([one.msgId]), true);
  const all = client.wait([two, one]);
  await cluster.run();
  assert.equal(await all, true);
  assert.equal(await client.wait(), true);
  await assert.rejects(client.wait("othersessn-3"), /this client did not submit it/);
});

Deno.test("client.abort() takes results and ids, also those of others; an empty list aborts nothing", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const results = [lview.apply(() => 1), lview.apply(() => 2), lview.apply(() => 3)];
  await cluster.until(() => cluster.tasks.size === 3);
  client.abort([]);
  client.abort([results[0] ?? assert.fail(), results[1]?.msgId ?? "", "othersessn-9"]);
  await cluster.until(() => cluster.aborts.length === 3);
  assert.deepEqual(cluster.aborts.toSorted(), ["othersessn-9", "testsessio-0", "testsessio-1"]);
  await cluster.run();
  assert.equal(await results[2], 3);
});

Deno.test("waitForEngines resolves when enough are there, and times out otherwise", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  const { client } = cluster;
  assert.deepEqual(client.ids, [0, 1]);
  await client.waitForEngines(2);
  const three = client.waitForEngines(3, { timeout: 1_000 });
  cluster.session.engines([engineMessage(4), engineMessage(0), engineMessage(1)]);
  await three;
  assert.deepEqual(client.ids, [0, 1, 4]);
  const four = assert.rejects(
    client.waitForEngines(4, { timeout: 1_000 }),
    /Waited 1000 ms for 4 engines: 3 are there/,
  );
  clock.advance(1_000);
  await four;
  const five = assert.rejects(client.waitForEngines(5), ConnectionError);
  await client.close();
  await five;
});

Deno.test("close() rejects what is pending, aborts nothing, says good-bye; later calls reject", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const xs = Array.from({ length: 9_000 }, (_, x) => x);
  const pending = [lview.apply(() => 1), client.at(0).apply(() => 2)];
  const map = lview.map((x: number) => x, xs);
  await cluster.until(() => cluster.tasks.size > 2);
  await client.close();
  await client.close();
  for (const result of pending) {
    await assert.rejects(Promise.resolve(result), /the client was closed|The client was closed/);
  }
  await assert.rejects(Promise.resolve(map), /9000 of 9000 tasks failed/);
  await assert.rejects(Promise.resolve(lview.apply(() => 1)), ConnectionError);
  assert.deepEqual([cluster.aborts, cluster.detached], [[], ["testsessio"]]);
});

Deno.test("200,000 results that nobody holds are not kept", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const f = (x: number) => x;
  // In functions of their own, so that this one's frame holds nothing of them.
  const kept = (() => new WeakRef(lview.apply(f, 0)))();
  for (let round = 0; round < 10; round++) {
    (() => void lview.map(f, Array.from({ length: 20_000 }, (_, x) => x)))();
    await cluster.client.wait();
    cluster.batches.length = 0;
  }
  assert.equal(cluster.session.tasks.unfinishedJobs().size, 0);
  assert.equal(cluster.session.tasks.pending, 0);
  collectGarbage();
  assert.equal(kept.deref(), undefined);
});

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
