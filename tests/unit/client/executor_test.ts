import assert from "node:assert/strict";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { RemoteError, TaskAborted } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

Deno.test("an executor submits and maps, with the flags of its view", async () => {
  const cluster = await FakeCluster.start();
  const executor = cluster.client.loadBalancedView().with({ label: "pool" }).executor;
  const result = executor.submit((a: number, b: number) => a + b, 3, 4);
  assert.equal(executor.pending, 1);
  assert.equal(await result, 7);
  assert.equal(result.metadata.label, "pool");
  assert.deepEqual(await executor.map((x: number) => x * 2, [1, 2]), [2, 4]);
  assert.equal(executor.pending, 0);
});

Deno.test("shutdown() waits for what was submitted, whatever it comes to, and takes nothing more", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const { executor } = lview;
  const fails = executor.submit(() => {
    throw new RangeError("no");
  });
  await cluster.until(() => cluster.tasks.size === 1);
  let over = false;
  const end = executor.shutdown().then((all) => {
    over = true;
    return all;
  });
  await Promise.resolve();
  assert.equal(over, false);
  assert.throws(() => executor.submit(() => 1), /Cannot submit to the executor: it was shut down/);
  assert.throws(() => executor.map((x: number) => x, [1]), TypeError);
  await cluster.run();
  assert.equal(await end, true);
  await assert.rejects(Promise.resolve(fails), RemoteError);
  assert.notEqual(lview.executor, executor, "the view gives a new one");
});

Deno.test("shutdown() with wait: false does not wait, with cancel it aborts", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { executor } = cluster.client.loadBalancedView();
  const result = executor.submit(() => 1);
  assert.equal(await executor.shutdown({ wait: false }), false);
  const all = executor.shutdown({ cancel: true });
  await assert.rejects(Promise.resolve(result), TaskAborted);
  assert.equal(await all, true);
});

Deno.test("shutdown() gives up after its timeout and at its signal, and may be asked again", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const { executor } = cluster.client.loadBalancedView();
  const result = executor.submit(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  const timed = executor.shutdown({ timeout: 100 });
  clock.advance(100);
  assert.equal(await timed, false);
  const controller = new AbortController();
  const waiting = executor.shutdown({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await cluster.run();
  assert.equal(await result, 1);
  assert.equal(await executor.shutdown(), true);
});

Deno.test("await using waits for what was submitted", async () => {
  const cluster = await FakeCluster.start();
  let result;
  {
    await using executor = cluster.client.loadBalancedView().executor;
    result = executor.submit(() => 5);
  }
  assert.ok(result.ready);
});
