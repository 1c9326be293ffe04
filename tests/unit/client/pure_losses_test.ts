/** Balanced tasks in the scheme `pure` when something is lost: nothing hangs, and nothing is sent twice. @module */
import assert from "node:assert/strict";
import type { HostId } from "../../../protocol/ids.ts";
import { ConnectionError, EngineError } from "../../../wire/errors.ts";
import { engineMessage, HOST, settleTurn } from "./fake_cluster.ts";
import { OTHER_HOST, PureStage, TICK_MS, twoHosts } from "./pure_fixture.ts";

const square = (x: number) => x * x;

/** Asserts that it failed with `EngineError` by now, and what that says. */
async function lost(result: PromiseLike<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(async () => await result, (error: unknown) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("which engine took a task is known while it runs, and which of its tasks can be running", async () => {
  const stage = await PureStage.open({ manual: true, engines: [engineMessage(4)] });
  const view = stage.client.loadBalancedView();
  const [first, second] = [view.apply(square, 1), view.apply(square, 2)];
  await stage.delivered();
  assert.deepEqual([first.engineId, second.engineId], [4, 4]);
  assert.deepEqual([first.metadata.status, second.metadata.status], ["running", "ready"]);
  assert.equal(first.metadata.engineUuid, "uuid-4");
  await stage.cluster.run(stage.published.slice(0, 1));
  assert.equal(await first, 1);
  stage.clock.advance(TICK_MS);
  assert.equal(second.metadata.status, "running");
  await stage.cluster.run();
  assert.equal(await second, 4);
});

Deno.test("the hosts of all engines are watched before anything is published, and those that join later", async () => {
  const stage = await PureStage.open({ engines: twoHosts() });
  const { cluster } = stage;
  assert.deepEqual(cluster.hostsFound, [HOST, OTHER_HOST]);
  cluster.session.engines([...twoHosts(), engineMessage(2, "h3" as HostId)]);
  assert.ok(cluster.hostsFound.includes("h3" as HostId));
});

Deno.test("a lost host fails what its engines took with EngineError, and nothing else", async () => {
  const stage = await PureStage.open({ manual: true, engines: twoHosts() });
  const view = stage.client.loadBalancedView();
  const tasks = [1, 2, 3, 4].map((x) => view.apply(square, x));
  await stage.delivered();
  const there = tasks.filter(({ engineId }) => engineId === 1);
  const here = tasks.filter(({ engineId }) => engineId === 0);
  assert.deepEqual([there.length, here.length], [2, 2]);
  stage.cluster.session.hostLost(OTHER_HOST, "node-down");
  for (const task of there) await lost(task, /engine 1 had taken it, and its host "h2" is gone \(node-down\)/);
  await stage.clock.run(60_000);
  assert.deepEqual(here.map(({ ready }) => ready), [false, false]);
  await stage.cluster.run();
  for (const task of here) assert.ok(await task > 0);
  assert.equal(stage.published.length, 4, "none was sent again");
});

Deno.test("after a host is lost, others have a short while to say what they took; what nobody took fails", async () => {
  const stage = await PureStage.open({ manual: true, engines: twoHosts() });
  stage.cluster.takes = false;
  const view = stage.client.loadBalancedView();
  const [taken, gone] = [view.apply(square, 1), view.apply(square, 2)];
  await stage.delivered();
  stage.cluster.session.hostLost(OTHER_HOST, "node-down");
  await stage.clock.run(TICK_MS);
  assert.deepEqual([taken.ready, gone.ready], [false, false]);
  stage.cluster.take(stage.published[0] ?? -1, 0, HOST);
  await stage.clock.run(TICK_MS);
  assert.equal(taken.ready, false);
  await lost(gone, /no engine said within \d+ ms \(less.*\) that it took it/);
  // A task of after the loss has all the time.
  const later = view.apply(square, 3);
  await stage.clock.run(5 * TICK_MS);
  assert.equal(later.ready, false);
});

Deno.test("what nobody takes fails after ten seconds, and a result that comes late changes nothing", async () => {
  const stage = await PureStage.open({ manual: true });
  stage.cluster.takes = false;
  const ar = stage.client.loadBalancedView().apply(square, 3);
  await stage.delivered();
  await stage.clock.run(9 * TICK_MS);
  assert.equal(ar.ready, false);
  await stage.clock.run(TICK_MS);
  await lost(ar, /no engine said within 10000 ms \(less.*\) that it took it; submit it again/);
  await stage.cluster.run();
  await lost(ar, /no engine/);
  assert.equal(stage.clock.pending, 0, "nothing is watched when nothing is under way");
});

Deno.test("a task that is taken may run for hours", async () => {
  const stage = await PureStage.open({ manual: true });
  const ar = stage.client.loadBalancedView().apply(square, 3);
  await stage.delivered();
  await stage.clock.run(3_600_000);
  assert.equal(ar.ready, false);
  await stage.cluster.run();
  assert.equal(await ar, 9);
});

Deno.test("time in which the program was blocked, or the connection away, is not held against anybody", async () => {
  const stage = await PureStage.open({ manual: true });
  stage.cluster.takes = false;
  const ar = stage.client.loadBalancedView().apply(square, 3);
  await stage.delivered();
  for (let round = 0; round < 20; round++) {
    stage.clock.stall(30_000);
    await settleTurn();
  }
  stage.disconnect();
  await stage.clock.run(60_000);
  stage.reconnect();
  await stage.clock.run(9 * TICK_MS);
  assert.equal(ar.ready, false);
  await stage.clock.run(2 * TICK_MS);
  await lost(ar, /the connection to NATS was interrupted meanwhile/);
});

Deno.test("while the connection is away tasks wait, and go out once when it is back", async () => {
  const stage = await PureStage.open();
  stage.disconnect();
  const map = stage.client.loadBalancedView().map(square, [1, 2, 3]);
  await stage.clock.run(60_000);
  assert.deepEqual([stage.published.length, map.ready], [0, false]);
  stage.reconnect();
  assert.deepEqual(await map, [1, 4, 9]);
  assert.equal(stage.published.length, 3);
});

Deno.test("what a host gives back is sent to another engine, and runs once", async () => {
  const stage = await PureStage.open({ manual: true, engines: twoHosts() });
  const ar = stage.client.loadBalancedView().apply(square, 6);
  await stage.delivered();
  const [counter = -1] = stage.published;
  assert.equal(ar.engineId, 0);
  stage.leave(0);
  stage.cluster.giveBack(counter);
  assert.equal(ar.engineId, null);
  await stage.delivered();
  assert.deepEqual(stage.published, [counter, counter]);
  assert.equal(ar.engineId, 1);
  await stage.cluster.run();
  assert.equal(await ar, 36);
  stage.cluster.giveBack(counter);
  await stage.delivered();
  assert.equal(stage.published.length, 2, "what is settled is never sent");
});

Deno.test("a new controller of the same scheme changes nothing for what is under way", async () => {
  const stage = await PureStage.open({ manual: true });
  const { cluster } = stage;
  const view = stage.client.loadBalancedView();
  const before = view.apply(square, 1);
  await stage.delivered();
  cluster.epoch = 2;
  cluster.session.controllerLost();
  const meanwhile = view.apply(square, 2);
  await cluster.until(() => cluster.hellos.length === 2);
  await stage.delivered();
  assert.equal(stage.published.length, 2, "each once");
  await cluster.run();
  assert.deepEqual([await before, await meanwhile], [1, 4]);
});

Deno.test("a new controller of another scheme fails what was not published, and takes what is submitted then", async () => {
  const stage = await PureStage.open({ manual: true, engines: [engineMessage(0)] });
  const { cluster } = stage;
  const view = stage.client.loadBalancedView();
  const inputs = Array.from({ length: 5_000 }, (_, index) => index);
  const map = view.with({ returnExceptions: true }).map(square, inputs);
  await stage.delivered();
  cluster.epoch = 2;
  cluster.scheme = "leastload";
  cluster.session.controllerLost();
  await cluster.until(() => cluster.hellos.length === 2);
  await settleTurn();
  assert.equal(map.progress, 5_000 - 8);
  await cluster.run();
  const results = await map;
  assert.equal(results.filter((result) => (result as unknown) instanceof EngineError).length, 5_000 - 8);
  assert.match(String(results[4_999]), /the scheme has changed/);
  cluster.automatic = true;
  assert.equal(await view.apply(square, 9), 81);
  assert.equal(cluster.batches.length, 1);
});

Deno.test("a big argument whose host is gone before it was published is brought to another host", async () => {
  const stage = await PureStage.open({ engines: twoHosts() });
  const { cluster } = stage;
  const ar = stage.client.loadBalancedView().apply((bytes: Uint8Array) => bytes.length, new Uint8Array(100_000));
  stage.disconnect();
  await cluster.until(() => cluster.pieces.length === 1);
  await settleTurn();
  cluster.session.engines([engineMessage(1, OTHER_HOST)]);
  cluster.session.engines([engineMessage(0, HOST)]);
  stage.reconnect();
  assert.equal(await ar, 100_000);
  const homes = stage.messages.map(({ message }) => (message[4][0]?.[1] as readonly [string, number, HostId])[2]);
  assert.deepEqual(homes, [HOST]);
});

Deno.test("a client that is closed ends what waits, and leaves no timer", async () => {
  const stage = await PureStage.open({ manual: true });
  const map = stage.client.loadBalancedView().map(square, Array.from({ length: 9_000 }, (_, index) => index));
  await stage.delivered();
  await stage.client.close();
  await assert.rejects(async () => await map.get(), (error: AggregateError) => {
    assert.equal(error.errors.length, 9_000);
    assert.ok(error.errors.every((each) => each instanceof ConnectionError));
    return true;
  });
  assert.equal(stage.clock.pending, 0);
});
