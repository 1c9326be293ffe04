import assert from "node:assert/strict";
import { type EngineId, type EngineUuid, type TaskId } from "../../../protocol/ids.ts";
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
  const cluster = await knowing("done", "unknown");
  const { promise, resolve } = Promise.withResolvers<void>();
  cluster.questions.gate = promise;
  const result = cluster.client.getResult([A, B]);
  await settleTurn();
  // Told before the answer, as the scheduler does.
  cluster.session.toldWatched([[A, done(1)]]);
  resolve();
  await assert.rejects(
    result.get(),
    (error) => error instanceof UnknownTask && error.message.includes(B) && !error.message.includes(A),
  );
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
