import assert from "node:assert/strict";
import type { EngineId, EngineUuid, TaskId } from "../../../protocol/ids.ts";
import { type NestedLine, NEWS } from "../../../protocol/messages.ts";
import { FakeCluster } from "./fake_cluster.ts";

/** A client that is a task's, and what it told of waiting. */
async function stage(priority = 2) {
  const cluster = (await FakeCluster.start()).manual();
  const told: boolean[] = [];
  const { client, end } = cluster.client.forTask({ msgId: "s-1", priority, waits: (waits) => told.push(waits) });
  return { cluster, client, end, told };
}

const one = () => 1;

Deno.test("a task waits while anything of its is awaited, from the first wait to the last", async () => {
  const { cluster, client, told } = await stage();
  const view = client.loadBalancedView();
  const [first, second] = [view.apply(one), view.map((x: number) => x, [1, 2])];
  assert.deepEqual(told, []);
  const all = Promise.all([first, first, second.wait()]);
  await cluster.until(() => cluster.batches.length === 1);
  assert.deepEqual(told, [true]);
  cluster.settle(cluster.done(0, 1));
  assert.equal(await first, 1);
  assert.deepEqual(told, [true]);
  await cluster.run();
  await all;
  assert.deepEqual(told, [true, false]);
  // What is there already is not waited for.
  assert.deepEqual([await first, await second.wait()], [1, true]);
  assert.deepEqual(told, [true, false]);
});

Deno.test("each turn of a loop over results is a wait, and so is the client's own; one that is over in time ends", async () => {
  const { cluster, client, told } = await stage();
  const view = client.loadBalancedView();
  const loop = (async () => {
    const seen: number[] = [];
    for await (const value of view.map((x: number) => x, [5, 6])) seen.push(value);
    return seen;
  })();
  await cluster.until(() => cluster.batches.length === 1);
  assert.deepEqual(told, [true]);
  await cluster.run();
  assert.deepEqual(await loop, [5, 6]);
  assert.equal(told.at(-1), false);
  told.length = 0;
  const never = view.apply(one);
  assert.equal(await never.wait({ timeout: 0 }), false);
  assert.equal(await client.wait(undefined, { timeout: 0 }), false);
  assert.deepEqual(told, [true, false, true, false]);
});

Deno.test("waiting with a progress bar, and for an executor to end, are waits too", async () => {
  const { cluster, client, told } = await stage();
  const { executor } = client.loadBalancedView();
  const never = executor.submit(one);
  const output = { isTerminal: false, columns: () => 80, write() {} };
  assert.equal(await never.waitInteractive({ timeout: 0, output }), false);
  assert.equal(await executor.shutdown({ timeout: 0 }), false);
  assert.deepEqual(told, [true, false, true, false]);
  await cluster.until(() => cluster.batches.length === 1);
  await cluster.run();
  // What is there already is not waited for.
  assert.deepEqual([await never.waitInteractive({ output }), await executor.shutdown()], [true, true]);
  assert.deepEqual(told, [true, false, true, false]);
});

Deno.test("what a task submits goes before its like, unless a flag says otherwise", async () => {
  const { cluster, client } = await stage(2);
  client.loadBalancedView().apply(one);
  client.loadBalancedView().with({ priority: 0 }).apply(one);
  cluster.client.loadBalancedView().apply(one);
  await cluster.until(() => cluster.batches.length === 1);
  const [, , templates = []] = cluster.batches[0] ?? [];
  assert.deepEqual(templates.map(([, , flags]) => flags[1] ?? 0), [3, 0, 0]);
});

Deno.test("when a task ends, its unsettled tasks are aborted and it submits no more; those of others go on", async () => {
  const { cluster, client, end } = await stage();
  const others = cluster.client.loadBalancedView().apply(one);
  const [done, left] = [client.loadBalancedView().apply(one), client.loadBalancedView().apply(one)];
  await cluster.until(() => cluster.batches.length === 1);
  cluster.settle(cluster.done(1, 1));
  await done;
  end();
  await cluster.until(() => cluster.aborts.length > 0);
  assert.deepEqual(cluster.aborts, [left.msgId]);
  await assert.rejects(async () => await client.loadBalancedView().apply(one), /Cannot submit from task "s-1"/);
  await client.close();
  cluster.settle(cluster.done(0, 7));
  assert.equal(await others, 7);
});

Deno.test("what the tasks of a task print, and what theirs do, is told to it, until it ends; of others nothing", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const told: NestedLine[] = [];
  const owner = { msgId: "s-1", priority: 0, waits() {}, printed: (line: NestedLine) => void told.push(line) };
  const { client, end } = cluster.client.forTask(owner);
  const own = client.loadBalancedView().with({ label: "mine" }).apply(one);
  const other = cluster.client.loadBalancedView().apply(one);
  const heard: string[] = [];
  using _ = cluster.client.onOutput(({ msgId, text }) => heard.push(`${msgId}: ${text}`));
  await cluster.until(() => cluster.batches.length === 1);
  const below: NestedLine = ["deeper-0" as TaskId, 3 as EngineId, 2, null, 1, "from below"];
  const news = (counter: number, lines: readonly unknown[]) =>
    cluster.session.news([[counter, 0 as EngineId, "uuid-0" as EngineUuid, 1, NEWS.nested, lines as NestedLine[]]]);
  news(0, [below]);
  news(1, [below]);
  news(0, [["deeper-0", 3, 2, null, 5, "garbage"]]);
  await cluster.run();
  await Promise.all([own, other]);
  const mine = own.msgId as TaskId;
  assert.deepEqual(told, [below, [mine, 0, 1, "mine", 0, "out"], [mine, null, 0, null, 0, null]]);
  assert.deepEqual(heard, [
    "deeper-0: from below",
    "deeper-0: from below",
    `${own.msgId}: out`,
    `${other.msgId}: out`,
  ]);
  end();
  assert.equal(told.length, 3);
});
