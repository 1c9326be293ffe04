/** Who submits what through one client in the scheme `pure`: nobody's tasks wait for the end of others'. @module */
import assert from "node:assert/strict";
import type { Client } from "../../../client/client.ts";
import { SLICE_TASKS } from "../../../client/map_slices.ts";
import { PureStage } from "./pure_fixture.ts";

const square = (x: number) => x * x;
const range = (length: number) => Array.from({ length }, (_, index) => index);

/** The client of a task that runs where `stage.client` is. */
function taskClient({ client }: PureStage, name: string): Client {
  return client.forTask({ msgId: name, priority: 0, waits: () => {} }).client;
}

Deno.test("tasks that fill all the room there is may wait for what they submit: one of each goes out all the same", async () => {
  const stage = await PureStage.open({ manual: true });
  const { cluster } = stage;
  const outer = taskClient(stage, "s-1").loadBalancedView().map(square, range(20));
  await stage.delivered();
  assert.equal(stage.published.length, 16, "8 for each of the two engines");

  const inner = ["s-2", "s-3"].map((name) => taskClient(stage, name).loadBalancedView().map(square, range(3)));
  const innerIds = inner.map(({ msgIds }) => msgIds.map((id) => Number(id.split("-").at(-1))));
  await stage.delivered();
  // Each time that one is settled, the next one of the same task goes, and none of the outer map.
  for (const index of [0, 1, 2]) {
    const newest = stage.published.slice(16 + 2 * index);
    assert.deepEqual(newest, innerIds.map((ids) => ids[index]));
    await cluster.run(newest);
    await stage.delivered();
  }
  assert.deepEqual(await Promise.all(inner), [[0, 1, 4], [0, 1, 4]]);
  assert.equal(stage.published.length, 22);

  cluster.automatic = true;
  await cluster.run();
  assert.deepEqual(await outer, range(20).map(square));
});

Deno.test("bytes that are under way do not keep the first task of another from going out", async () => {
  const stage = await PureStage.open();
  const length = (bytes: Uint8Array) => bytes.length;
  // Seen to be quick, it may be ahead by hundreds.
  stage.cluster.runMs = 0.01;
  await stage.client.loadBalancedView().map(length, range(200).map(() => new Uint8Array(10)));
  stage.cluster.manual();
  taskClient(stage, "s-1").loadBalancedView().map(length, range(1_000).map(() => new Uint8Array(60 * 1024)));
  await stage.delivered();
  const before = stage.published.length;
  taskClient(stage, "s-2").loadBalancedView().map(length, range(2).map(() => new Uint8Array(10)));
  await stage.delivered();
  assert.equal(stage.published.length - before, 1);
});

Deno.test("where there is room for some, those who submit take turns", async () => {
  const stage = await PureStage.open({ manual: true });
  const views = ["s-1", "s-2", "s-3"].map((name) => taskClient(stage, name).loadBalancedView());
  const maps = views.map((view) => view.map(square, range(40)));
  await stage.delivered();
  const bases = maps.map(({ msgIds }) => Number(msgIds[0]?.split("-").at(-1)));
  const owners = (counters: readonly number[]) => counters.map((counter) => bases.findLastIndex((b) => b <= counter));
  assert.deepEqual(owners(stage.published), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
  // Whose turn it was is remembered, also where there is room for one only.
  for (const next of [1, 2, 0, 1]) {
    const before = stage.published.length;
    await stage.cluster.run(stage.published.slice(before - 16, before - 15));
    await stage.delivered();
    assert.deepEqual(owners(stage.published.slice(before)), [next]);
  }
});

Deno.test("a big map is made in slices, and what is submitted after it goes after it", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  const big = view.map(square, range(SLICE_TASKS + 100));
  const small = view.map(square, [3, 4]);
  await stage.cluster.until(() => stage.messages.length >= 1_000 || stage.published.length >= SLICE_TASKS);
  while (!small.ready) {
    await stage.delivered();
    stage.clock.advance(0);
  }
  assert.deepEqual(await small, [9, 16]);
  assert.deepEqual(await big, range(SLICE_TASKS + 100).map(square));
  const counters = stage.published;
  assert.deepEqual(counters, [...counters].sort((a, b) => a - b));
  assert.equal(counters.length, SLICE_TASKS + 102);
});

Deno.test("what a host gives back goes first among the tasks of its submitter, and nobody else's wait for it", async () => {
  const stage = await PureStage.open({ manual: true });
  const { cluster } = stage;
  const one = taskClient(stage, "s-1").loadBalancedView().map(square, range(20));
  await stage.delivered();
  const [first = -1, second = -1] = stage.published;
  cluster.giveBack(second);
  await stage.delivered();
  assert.equal(stage.published.at(-1), second);
  cluster.giveBack(first);
  const other = taskClient(stage, "s-2").loadBalancedView().apply(square, 7);
  await stage.delivered();
  assert.equal(stage.published.includes(Number(other.msgId.split("-").at(-1))), true);
  cluster.automatic = true;
  await cluster.run();
  assert.equal(await other, 49);
  assert.deepEqual(await one, range(20).map(square));
});
