import assert from "node:assert/strict";
import { TaskAborted } from "../../../wire/errors.ts";
import { BroadcastStage, HOSTS } from "./broadcast_fixture.ts";

const [NEAR, FAR] = HOSTS;

Deno.test("a call on engines of several hosts is one message, with arguments and code once", async () => {
  await using stage = await BroadcastStage.open();
  const f = (text: string) => text.length;
  const result = stage.cluster.client.directView().apply(f, "x".repeat(1_000));
  await stage.delivered();
  assert.deepEqual(await result, [1_000, 1_000, 1_000, 1_000]);
  assert.deepEqual(result.engineId, [0, 1, 2, 3]);
  const [message] = stage.published;
  assert.deepEqual(message?.slice(2, 4).map((part) => (part as unknown[]).length), [1, 1]);
  assert.deepEqual(message?.[4].map(([, engine, , args]) => [engine, typeof args]), [
    [0, "object"],
    [2, "number"],
    [1, "number"],
    [3, "number"],
  ]);
  assert.equal(stage.cluster.directBatches.length, 0);

  const again = stage.cluster.client.directView().apply(f, "");
  await stage.delivered();
  assert.deepEqual(await again, [0, 0, 0, 0]);
  assert.equal(stage.published[1]?.[2].length, 0);
});

Deno.test("what one turn submits to all engines is one message; with one host among it, the link comes in between", async () => {
  await using stage = await BroadcastStage.open();
  const { client } = stage.cluster;
  const all = client.directView();
  const results = [all.apply(() => 1), all.apply(() => 2), client.at(0).apply(() => 3), all.apply(() => 4)];
  for (let round = 0; round < 4; round++) await stage.delivered();
  assert.deepEqual(await Promise.all(results), [[1, 1, 1, 1], [2, 2, 2, 2], 3, [4, 4, 4, 4]]);
  assert.deepEqual(stage.published.map((message) => message[4].length), [8, 4]);
  assert.deepEqual(stage.cluster.directBatches.map(({ host, batch }) => [host, batch[3].length]), [[NEAR, 1]]);
  const ofNear = stage.cluster.ranDirect.filter((counter) => counter % 2 === (stage.cluster.ranDirect[0] ?? 0) % 2);
  assert.deepEqual(ofNear, [...ofNear].sort((a, b) => a - b));
});

Deno.test("a host that does not hear it gets its share over the link, and what came later goes behind it", async () => {
  await using stage = await BroadcastStage.open();
  stage.hearing.set(FAR, "deaf");
  const all = stage.cluster.client.directView();
  const first = all.apply(() => "first");
  await stage.delivered();
  const later = stage.cluster.client.at(1).apply(() => "later");
  await stage.delivered();
  assert.deepEqual([first.progress, later.ready, stage.cluster.directBatches.length], [2, false, 0]);
  stage.clock.advance(250);
  await stage.delivered();
  assert.deepEqual(await first, ["first", "first", "first", "first"]);
  assert.equal(await later, "later");
  const batches = stage.cluster.directBatches.map(({ host, batch }) => [host, batch[3].length, batch[4]]);
  assert.deepEqual(batches, [[FAR, 2, 0], [FAR, 1, 1]]);
});

Deno.test("a host that took it and could not say so runs it once", async () => {
  await using stage = await BroadcastStage.open();
  for (const host of HOSTS) stage.hearing.set(host, "silent");
  const all = stage.cluster.client.directView();
  const first = all.apply(() => 1);
  await stage.delivered();
  assert.deepEqual(await first, [1, 1, 1, 1]);
  const next = all.apply(() => 2);
  await stage.delivered();
  stage.clock.advance(250);
  for (const host of HOSTS) stage.hearing.set(host, "takes");
  await stage.delivered();
  assert.deepEqual(await next, [2, 2, 2, 2]);
  // The fake host throws for a task that comes twice: those over the link were passed over.
  assert.equal(stage.cluster.ranDirect.length, 8);
});

Deno.test("an interrupted connection sends the shares over the links at once", async () => {
  await using stage = await BroadcastStage.open();
  for (const host of HOSTS) stage.hearing.set(host, "deaf");
  const result = stage.cluster.client.directView().apply(() => 1);
  await stage.delivered();
  stage.broker.disconnect(stage.clientBus);
  await stage.delivered();
  assert.deepEqual(await result, [1, 1, 1, 1]);
  assert.equal(stage.cluster.directBatches.length, 2);
  assert.equal(stage.clock.pending, 0);

  const meanwhile = stage.cluster.client.directView().apply(() => 2);
  await stage.delivered();
  assert.deepEqual(await meanwhile, [2, 2, 2, 2]);
  assert.equal(stage.published.length, 1);
});

Deno.test("what does not fit in one message goes over the links", async () => {
  await using stage = await BroadcastStage.open(4_096);
  const result = stage.cluster.client.directView().apply((text: string) => text.length, "x".repeat(8_000));
  await stage.delivered();
  assert.deepEqual(await result, [8_000, 8_000, 8_000, 8_000]);
  assert.equal(stage.published.length, 0);
});

Deno.test("an abort waits until the host has the tasks for sure", async () => {
  await using stage = await BroadcastStage.open();
  stage.cluster.manual();
  stage.hearing.set(FAR, "deaf");
  const view = stage.cluster.client.directView();
  const result = view.apply(() => 1);
  await stage.delivered();
  view.abort();
  assert.equal(stage.cluster.directAborts.length, 2);
  stage.clock.advance(250);
  await stage.delivered();
  assert.equal(stage.cluster.directAborts.length, 4);
  assert.deepEqual(stage.cluster.directBatches.map(({ batch }) => batch[3].length), [2]);
  stage.cluster.session.end(new Error("over"));
  await assert.rejects(Promise.resolve(result));
});

Deno.test("what is taken back before it is sent is in no message", async () => {
  await using stage = await BroadcastStage.open();
  const view = stage.cluster.client.directView();
  const result = view.apply(() => 1);
  view.abort();
  await assert.rejects(Promise.resolve(result), (error: AggregateError) => error.errors[0] instanceof TaskAborted);
  await stage.delivered();
  assert.equal(stage.published.length + stage.cluster.directBatches.length, 0);
});
