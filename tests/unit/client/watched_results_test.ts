import assert from "node:assert/strict";
import { DIRECT_COUNTERS_FROM, type EngineId, type EngineUuid, type TaskId } from "../../../protocol/ids.ts";
import { SETTLED, type SettledMessage } from "../../../protocol/messages.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { encodeError } from "../../../wire/error_codec.ts";
import { ConnectionError, RemoteError, UnknownTask } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";
import { FakeCluster, SESSION, settleTurn } from "./fake_cluster.ts";

const A = "otherclien-4" as TaskId;
const B = "otherclien-5" as TaskId;

function done(value: unknown): SettledMessage {
  return [4, SETTLED.done, encodeValue(value), 3 as EngineId, "u3" as EngineUuid, 2, 5, 1, "said\n", ""];
}

/** A cluster that knows these ids of others. */
async function knowing(...words: string[]): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(new FakeClock());
  cluster.questions.watchWords.push(words);
  return cluster;
}

/** Turns the clock by a second, in steps that let those go on who wait. */
async function passSecond(clock: FakeClock): Promise<void> {
  for (let step = 0; step < 20; step++) {
    await settleTurn();
    clock.advance(50);
  }
  await settleTurn();
}

function asked(cluster: FakeCluster): unknown[] {
  return cluster.questions.asked.filter(([name]) => name === "watch");
}

Deno.test("a result of another client comes when the scheduler tells of it, with all that is known", async () => {
  const cluster = await knowing("running");
  const result = cluster.client.getResult(A);
  await settleTurn();
  assert.deepEqual(asked(cluster), [["watch", SESSION, [A]]]);
  assert.equal(result.ready, false);
  cluster.session.toldWatched([[A, done("there")]]);
  assert.equal(await result, "there");
  const { msgId, engineId, attempts, status, stdout } = result.metadata;
  assert.deepEqual([msgId, engineId, attempts, status, stdout], [A, 3, 2, "done", "said\n"]);
});

Deno.test("a list gives an array, a chunk the list of its items, a failure its error", async () => {
  const cluster = await knowing("done", "done");
  const result = cluster.client.getResult([A, B]);
  await settleTurn();
  cluster.session.toldWatched([[B, done([[0, 1], [0, 2]]), true]]);
  cluster.session.toldWatched([[A, done([[0, 1]])]]);
  assert.deepEqual(await result, [[[0, 1]], [1, 2]]);
  const failing = cluster.client.getResult(A);
  cluster.session.toldWatched([[A, [4, SETTLED.threw, encodeError(new RangeError("far")), null, null, 1, 0, 0]]]);
  await assert.rejects(failing.get(), (error) => error instanceof RemoteError && /far/.test(error.message));
});

Deno.test("ids that are unknown or forgotten reject all that was asked for together, named", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.questions.watchWords.push(["done", "unknown"]);
  const { promise, resolve } = Promise.withResolvers<void>();
  cluster.questions.gate = promise;
  const result = cluster.client.getResult([A, B]);
  await settleTurn();
  // Told before the answer, as the scheduler does.
  cluster.session.toldWatched([[A, done(1)]]);
  resolve();
  const refused = assert.rejects(
    result.get(),
    (error) => error instanceof UnknownTask && error.message.includes(B) && !error.message.includes(A),
  );
  for (let second = 0; second < 2; second++) await passSecond(clock);
  await refused;
  const forgotten = await knowing("forgotten");
  await assert.rejects(forgotten.client.getResult(A).get(), UnknownTask);
});

Deno.test("a task that is not known yet is asked for again for a moment: its client may have just submitted it", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.questions.watchWords.push(["unknown", "done"], ["unknown"], ["ready"]);
  const result = cluster.client.getResult([A, B]);
  await settleTurn();
  cluster.session.toldWatched([[B, done(2)]]);
  assert.equal(asked(cluster).length, 1);
  await passSecond(clock);
  assert.deepEqual(asked(cluster).slice(1), [["watch", SESSION, [A]], ["watch", SESSION, [A]]]);
  cluster.session.toldWatched([[A, done(1)]]);
  assert.deepEqual(await result, [1, 2]);
});

Deno.test("what the scheduler never sees is not asked for again", async () => {
  const cluster = await knowing("unknown");
  const direct = `otherclien-${DIRECT_COUNTERS_FROM + 3}`;
  await assert.rejects(cluster.client.getResult(direct).get(), /tasks of direct views/);
});

Deno.test("metadata of another client's task say how it was submitted, at the latest when its result is there", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.questions.watchWords.push(["running", "running"]);
  cluster.questions.shown.set(A, ["the label", ["x-1"], ["x-2", "x-3"], 1_000]);
  const gate = Promise.withResolvers<void>();
  cluster.questions.gate = gate.promise;
  const result = cluster.client.getResult([A, B]);
  await settleTurn();
  cluster.session.toldWatched([[A, done(1)]]);
  cluster.session.toldWatched([[B, done(2)]]);
  gate.resolve();
  assert.deepEqual(await result, [1, 2]);
  const [known, lost] = result.metadata.map(({ label, after, follow, submitted }) => [label, after, follow, submitted]);
  const submitted = clock.wallTime() - cluster.questions.ageMs + 1_000;
  assert.deepEqual(known, ["the label", ["x-1"], ["x-2", "x-3"], submitted]);
  assert.deepEqual(lost, [null, [], [], clock.wallTime()]);
});

Deno.test("metadata of an own task that is asked for are its own from the start", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const own = cluster.client.loadBalancedView().with({ label: "mine" }).apply(() => 1);
  const result = cluster.client.getResult(own);
  assert.deepEqual([result.metadata.label, result.metadata.submitted], ["mine", own.metadata.submitted]);
  await settleTurn();
  await cluster.run();
  assert.equal(await result, 1);
});

Deno.test("a result comes also where the hub can't say how its task was submitted", async () => {
  const cluster = await knowing("done");
  cluster.questions.hubError = new ConnectionError("away");
  const result = cluster.client.getResult(A);
  await settleTurn();
  cluster.session.toldWatched([[A, done(1)]]);
  assert.equal(await result, 1);
});

Deno.test("what this client still waits for itself is shared, not asked for", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  const chunks = lview.with({ chunksize: 2 }).map((x: number) => x, [1, 2, 3]);
  const direct = cluster.client.at(0).apply(() => "d");
  const shared = cluster.client.getResult([one, `${SESSION}-1`, direct]);
  await settleTurn();
  await cluster.run();
  assert.deepEqual(await shared, [1, [1, 2], "d"]);
  assert.deepEqual(await cluster.client.getResult(chunks), [[1, 2], [3]]);
  assert.deepEqual(asked(cluster), []);
});

Deno.test("a new controller is asked again, a few times where it does not know the task yet", async () => {
  const clock = new FakeClock();
  const cluster = await FakeCluster.start(clock);
  cluster.questions.watchWords.push(["running"], ["unknown"], ["waiting"]);
  const result = cluster.client.getResult(A);
  await settleTurn();
  cluster.epoch = 2;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.hellos.length === 2);
  await settleTurn();
  assert.equal(asked(cluster).length, 2);
  clock.advance(1_000);
  await settleTurn();
  assert.equal(asked(cluster).length, 3);
  cluster.session.toldWatched([[A, done(1)]]);
  assert.equal(await result, 1);
});

Deno.test("abort asks the scheduler to abort the task, whosever it is", async () => {
  const cluster = await knowing("running");
  const result = cluster.client.getResult(A);
  await settleTurn();
  result.abort();
  await settleTurn();
  assert.deepEqual(cluster.aborts, [A]);
});

Deno.test("abort of one of several asks for the task of that one alone", async () => {
  const cluster = await knowing("running", "running");
  const [, second] = cluster.client.getResult([A, B]).split();
  await settleTurn();
  second?.abort();
  await settleTurn();
  assert.deepEqual(cluster.aborts, [B]);
});

Deno.test("a client that is closed waits for nothing any more", async () => {
  const cluster = (await knowing("running")).manual();
  const own = cluster.client.loadBalancedView().apply(() => 1);
  const results = [cluster.client.getResult(A), cluster.client.getResult(own)];
  await settleTurn();
  await cluster.client.close();
  for (const result of results) await assert.rejects(result.get(), ConnectionError);
  await assert.rejects(cluster.client.getResult(A).get(), ConnectionError);
});

Deno.test("garbage about tasks that were asked for is dropped", async () => {
  const cluster = await knowing("running");
  const result = cluster.client.getResult(A);
  await settleTurn();
  for (const garbage of [[1], [[7, done(1)]], [["x"]], [[B, done(1)]]]) cluster.session.toldWatched(garbage as never);
  assert.equal(result.ready, false);
  cluster.session.toldWatched([[A, done(1)]]);
  assert.equal(await result, 1);
});
