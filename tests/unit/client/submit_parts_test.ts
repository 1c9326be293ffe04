import assert from "node:assert/strict";
import { FakeClock } from "../../../testing/fake_clock.ts";
import type { KnownMessage, SubmitMessage } from "../../../protocol/messages.ts";
import { ImpossibleDependency, SerializationError, TaskAborted } from "../../../wire/errors.ts";
import { Dependency } from "../../../client/dependency.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

const echo = (x: number) => x;
const numbers = (length: number) => Array.from({ length }, (_, x) => x);
const moreOf = (cluster: FakeCluster) => cluster.batches.map(([, , , , more]) => more);
const rowsOf = (batch: SubmitMessage | undefined) => batch?.[3].map(([counter]) => counter);
const knownOf = (cluster: FakeCluster, batch = -1): readonly KnownMessage[] | undefined =>
  cluster.batches.at(batch)?.[5];

async function start(clock?: FakeClock): Promise<FakeCluster> {
  return (await FakeCluster.start(clock)).manual();
}

/** The controller dies with all it knew; resolves when the next one has been sent something. */
async function renew(cluster: FakeCluster): Promise<void> {
  const batches = cluster.batches.length;
  cluster.tasks.clear();
  cluster.codes.clear();
  cluster.epoch++;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.batches.length > batches);
  await settleTurn();
}

Deno.test("what fits in one message is all there is", async () => {
  const cluster = await start();
  cluster.client.loadBalancedView().apply(echo, 1);
  await cluster.until(() => cluster.batches.length === 1);
  assert.deepEqual(moreOf(cluster), [false]);
});

Deno.test("of more than one message all but the last say that more follows", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  for (const x of numbers(5_000)) lview.apply(echo, x);
  await cluster.until(() => cluster.tasks.size === 5_000);
  assert.deepEqual(moreOf(cluster), [true, true, false]);
});

Deno.test("tasks that just fill their messages need no empty one after them", async () => {
  const cluster = await start();
  cluster.client.loadBalancedView().map(echo, numbers(4_000));
  await cluster.until(() => cluster.tasks.size === 4_000);
  await settleTurn();
  assert.deepEqual(moreOf(cluster), [true, false]);
});

Deno.test("slices of a map that are still to be made count as what follows", async () => {
  const clock = new FakeClock();
  const cluster = await start(clock);
  cluster.client.loadBalancedView().map(echo, numbers(9_000));
  await cluster.until(() => cluster.tasks.size === 4_000);
  assert.deepEqual(moreOf(cluster), [true, true]);
  while (cluster.tasks.size < 9_000) await clock.run(1);
  assert.deepEqual(moreOf(cluster), [true, true, true, true, false]);
});

Deno.test("ids that were drawn and never used do not count", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  lview.apply(echo, 1);
  for (let count = 0; count < 10; count++) cluster.client.newId();
  await cluster.until(() => cluster.batches.length === 1);
  await settleTurn();
  assert.equal(moreOf(cluster).at(-1), false);
});

Deno.test("a task under an id that was drawn before is part of the turn that submits it", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const id = cluster.client.newId();
  lview.apply(echo, 1);
  await cluster.until(() => cluster.batches.length === 1);
  lview.with({ id }).apply(echo, 2);
  await cluster.until(() => cluster.batches.length === 2);
  assert.deepEqual([rowsOf(cluster.batches[1]), moreOf(cluster)], [[0], [false, false]]);
});

Deno.test("a full link makes no difference: the last message says that it is the last", async () => {
  const cluster = await start();
  cluster.credit = 1;
  cluster.client.loadBalancedView().map(echo, numbers(4_000));
  await settleTurn();
  assert.deepEqual(moreOf(cluster), [true]);
  cluster.giveCredit(1);
  await cluster.until(() => cluster.batches.length === 2);
  assert.deepEqual(moreOf(cluster), [true, false]);
});

Deno.test("tasks behind a big value that is being placed are what follows", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  lview.apply(echo, 1);
  lview.apply((x: Uint8Array) => x.length, new Uint8Array(100_000));
  await cluster.until(() => cluster.tasks.size === 2);
  assert.deepEqual([moreOf(cluster), cluster.batches.map(rowsOf)], [[true, false], [[0], [1]]]);
});

Deno.test("where all that followed was aborted, an empty message says that nothing follows, on a full link too", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const waiting = cluster.client.newId();
  cluster.credit = 1;
  const first = lview.map(echo, numbers(1_999));
  const rest = lview.map(echo, numbers(10));
  lview.with({ id: waiting, after: rest }).apply(echo, 1);
  await settleTurn();
  assert.deepEqual(moreOf(cluster), [true]);
  rest.abort();
  await assert.rejects(Promise.resolve(rest), /10 of 10 tasks failed/);
  cluster.giveCredit(0);
  await settleTurn();
  cluster.giveCredit(1);
  await cluster.until(() => cluster.batches.length === 2);
  await settleTurn();
  const last = cluster.batches[1] ?? assert.fail();
  assert.deepEqual([rowsOf(last), last[4]], [[], false]);
  // What was sent names them: it has to hear what became of them.
  assert.deepEqual(last[5]?.map(([counter, ok, , , error]) => [counter, ok, error]), [
    ...numbers(10).map((index) => [2_000 + index, false, "TaskAborted"]),
  ]);
  assert.equal(first.ready, false);
});

Deno.test("a value that no host takes leaves an empty last message, which says so to what names its task", async () => {
  const cluster = await start();
  cluster.blobError = new Error("disk full");
  const lview = cluster.client.loadBalancedView();
  const id = cluster.client.newId();
  const named = cluster.client.newId();
  lview.with({ id: named, after: id }).apply(echo, 1);
  const big = lview.apply((x: Uint8Array) => x.length, new Uint8Array(100_000));
  await big.wait();
  await cluster.until(() => cluster.batches.length === 2);
  assert.deepEqual([moreOf(cluster), cluster.batches.map(rowsOf)], [[true, false], [[1], []]]);
  assert.deepEqual(knownOf(cluster), [[2, false, null, null, "EngineError"]]);
});

Deno.test("a new controller is not told that more follows where nothing does", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  cluster.credit = 1;
  const map = lview.map(echo, numbers(4_000));
  await settleTurn();
  cluster.credit = Infinity;
  await renew(cluster);
  await cluster.until(() => cluster.tasks.size === 4_000);
  assert.deepEqual(moreOf(cluster), [true, true, false]);
  await cluster.run();
  await map;
});

Deno.test("a first controller is told no outcomes: it knows them", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const first = lview.apply(echo, 1);
  await cluster.until(() => cluster.tasks.size === 1);
  await cluster.run();
  await first;
  lview.with({ after: first }).apply(echo, 2);
  await cluster.until(() => cluster.batches.length === 2);
  assert.equal(knownOf(cluster), undefined);
});

Deno.test("a new controller is told once what became of the settled tasks that unsettled ones name, and of no others", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const [done, bad, other] = [lview.apply(echo, 1), lview.apply(echo, 2), lview.apply(echo, 3)];
  const cleanUp = new Dependency(bad, { success: false, failure: true });
  const waits = lview.with({ after: [done, "other-5"], follow: cleanUp }).apply(echo, 4);
  await cluster.until(() => cluster.tasks.size === 4);
  cluster.settle(cluster.done(0, 1), [1, 2, ["TaskTimeout", "too long"], 1 as never, "uuid-1" as never, 2, 5, 1]);
  cluster.settle(cluster.done(2, 3));
  await Promise.all([done.wait(), bad.wait(), other.wait()]);
  await renew(cluster);
  assert.deepEqual(knownOf(cluster), [
    [0, true, 0, "uuid-0", null],
    [1, false, 1, "uuid-1", "TaskTimeout"],
  ]);
  const again = lview.with({ after: done }).apply(echo, 5);
  await cluster.until(() => cluster.tasks.size === 2);
  assert.equal(knownOf(cluster), undefined);
  const later = lview.with({ after: other.msgId }).apply(echo, 6);
  await cluster.until(() => cluster.tasks.size === 3);
  assert.deepEqual(knownOf(cluster), [[2, true, 0, "uuid-0", null]]);
  await renew(cluster);
  assert.deepEqual(knownOf(cluster)?.map(([counter]) => counter), [0, 1, 2]);
  await cluster.run();
  await Promise.all([waits, again, later]);
});

Deno.test("what a full link did not take is told with the next try", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const done = lview.apply(echo, 1);
  const waits = lview.with({ after: done }).apply(echo, 2);
  await cluster.until(() => cluster.tasks.size === 2);
  await cluster.run([0]);
  cluster.credit = 0;
  cluster.epoch++;
  cluster.session.controllerLost();
  await settleTurn();
  cluster.giveCredit(1);
  await cluster.until(() => cluster.batches.length === 2);
  assert.deepEqual(knownOf(cluster), [[0, true, 0, "uuid-0", null]]);
  await cluster.run();
  await waits;
});

Deno.test("a task that ended before it was sent is told to the scheduler along with what names it", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const aborted = lview.apply(echo, 1);
  aborted.abort();
  await assert.rejects(Promise.resolve(aborted), TaskAborted);
  const rows = lview.map((x: unknown) => x, [1, Symbol("two"), 3]);
  lview.with({ after: aborted }).apply(echo, 2);
  lview.with({ after: rows }).apply(echo, 3);
  await cluster.until(() => cluster.batches.length === 1);
  assert.deepEqual(rowsOf(cluster.batches[0]), [1, 3, 4, 5]);
  assert.deepEqual(knownOf(cluster), [
    [0, false, null, null, "TaskAborted"],
    [2, false, null, null, "SerializationError"],
  ]);
});

Deno.test("a task that is refused under an id that was drawn for it has failed under this id", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const id = cluster.client.newId();
  const bad = lview.with({ id }).apply(Math.sqrt, 4);
  assert.equal(bad.msgId, id);
  await assert.rejects(Promise.resolve(bad), SerializationError);
  await assert.rejects(Promise.resolve(lview.with({ id }).apply(echo, 1)), /used already/);
  lview.with({ after: id }).apply(echo, 2);
  await cluster.until(() => cluster.batches.length === 1);
  assert.deepEqual(knownOf(cluster), [[0, false, null, null, "SerializationError"]]);
  const named = cluster.client.newId();
  const refused = lview.apply(Math.sqrt, 4);
  const impossible = lview.with({ id: named, after: refused }).apply(echo, 3);
  await assert.rejects(Promise.resolve(impossible), ImpossibleDependency);
  assert.equal(impossible.msgId, named);
});

Deno.test("messages are cut by what they name, too", async () => {
  const cluster = await start();
  const lview = cluster.client.loadBalancedView();
  const ids = numbers(10_000).map((index) => `other-${index}`);
  for (let count = 0; count < 60; count++) lview.with({ after: ids, label: `${count}` }).apply(echo, count);
  await cluster.until(() => cluster.tasks.size === 60);
  assert.ok(cluster.batches.length > 1 && cluster.batches.length < 10, `${cluster.batches.length} messages`);
});
