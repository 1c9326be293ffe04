import assert from "node:assert/strict";
import { DIRECT_COUNTERS_FROM, type TaskId } from "../../../protocol/ids.ts";
import {
  CompositeError,
  EngineError,
  RemoteError,
  TaskAborted,
  TaskPending,
  UnknownTask,
} from "../../../wire/errors.ts";
import { FakeCluster, SESSION, settleTurn } from "./fake_cluster.ts";

const id = (counter: number) => `${SESSION}-${counter}` as TaskId;

/** A question that waits until it is let go. */
function held(cluster: FakeCluster): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  cluster.questions.gate = promise;
  return resolve;
}

Deno.test("a finished task runs again under a new id, with the same function, arguments and flags", async () => {
  const cluster = await FakeCluster.start();
  const flags = { retries: 2, priority: 3, label: "again", timeout: 1_000, maxRuntime: 500, targets: [0, 1] };
  const backoff = { initial: 5, factor: 3, max: 50, jitter: 0.5 };
  const lview = cluster.client.loadBalancedView().with({ ...flags, backoff });
  const first = lview.apply((x: number, y: number) => x * y, 6, 7);
  assert.equal(await first, 42);
  const again = cluster.client.resubmit(first);
  assert.equal(again.msgId, id(1));
  const value: number = await again;
  assert.equal(value, 42);
  assert.equal(again.metadata.label, "again");
  const [before, after] = [cluster.finished.get(0), cluster.finished.get(1)];
  assert.deepEqual(after?.template, before?.template);
  assert.deepEqual(after?.args, before?.args);
  assert.deepEqual(after?.template[2], [2, 3, [0, 1], "again", 1_000, 500, [5, 3, 50, 0.5]]);
});

Deno.test("one id gives a scalar, a list of one an array, none an empty array, a map an array", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await client.loadBalancedView().map((x: number) => x + 1, [1, 2]);
  assert.equal(await client.resubmit(id(0)), 2);
  assert.deepEqual(await client.resubmit([id(0)]), [2]);
  assert.deepEqual(await client.resubmit([]), []);
  const map = client.loadBalancedView().map((x: number) => x + 1, [5]);
  await map;
  assert.deepEqual(await client.resubmit(map), [6]);
  assert.deepEqual(await client.resubmit([id(1), map, id(1)]), [3, 6, 3]);
});

Deno.test("what failed fails again, or not", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const failed = client.loadBalancedView().apply(() => {
    if (!("__fixed" in globalThis)) throw new Error("not yet");
    return "fixed";
  });
  await failed.wait();
  await assert.rejects(client.resubmit(failed).get(), RemoteError);
  (globalThis as Record<string, unknown>).__fixed = true;
  try {
    assert.equal(await client.resubmit(failed), "fixed");
  } finally {
    delete (globalThis as Record<string, unknown>).__fixed;
  }
});

Deno.test("a chunk of a map comes back as the list of its items; failures among them as one error", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const map = client.loadBalancedView().with({ chunksize: 2 }).map((x: number) => {
    if (x === 4) throw new Error("four");
    return 10 * x;
  }, [1, 2, 3, 4]);
  await map.wait();
  assert.deepEqual(await client.resubmit(map.msgIds[0] ?? ""), [10, 20]);
  await assert.rejects(client.resubmit(map.msgIds[1] ?? "").get(), (error: Error) => {
    assert.ok(error instanceof CompositeError);
    assert.equal(error.errors.length, 1);
    assert.match(error.message, /1 of 2 tasks failed: .*four/);
    return true;
  });
});

Deno.test("tasks that are not finished, or not known, are all named, and nothing is submitted", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await client.loadBalancedView().apply(() => 1);
  cluster.manual();
  const open = client.loadBalancedView().apply(() => 1);
  const { batches } = cluster;
  await settleTurn();
  const sent = batches.length;
  for (const jobs of [[id(0), open], open.msgId]) {
    await assert.rejects(client.resubmit(jobs as never).get(), (error: Error) => {
      assert.ok(error instanceof TaskPending, String(error));
      assert.match(error.message, new RegExp(`not finished: "${open.msgId}"`));
      return true;
    });
  }
  const direct = `${SESSION}-${DIRECT_COUNTERS_FROM}`;
  cluster.questions.forgotten.add("x-1");
  await assert.rejects(client.resubmit([id(0), "x-1", "x-2", direct]).get(), (error: Error) => {
    assert.ok(error instanceof UnknownTask);
    assert.match(error.message, /forgotten.*"x-1".*direct views.*not known here: "x-2"/);
    return true;
  });
  assert.equal(batches.length, sent);
  assert.throws(() => client.resubmit(5 as never), TypeError);
});

Deno.test("a task that stands in the queue to be submitted again can be waited for, asked about, and aborted at once", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await client.loadBalancedView().apply(() => 1);
  const release = held(cluster);
  const [kept, aborted] = [client.resubmit(id(0)), client.resubmit(id(0))];
  assert.equal(await client.wait(kept.msgId, { timeout: 0 }), false);
  aborted.abort();
  await assert.rejects(aborted.get(), TaskAborted);
  release();
  assert.equal(await kept, 1);
  assert.equal(cluster.finished.size, 2, "what was aborted was never sent");
});

Deno.test("what is submitted afterwards arrives afterwards", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await client.loadBalancedView().apply(() => 1);
  const release = held(cluster);
  const again = client.resubmit(id(0));
  const later = client.loadBalancedView().apply(() => 2);
  await settleTurn();
  assert.equal(later.ready, false);
  release();
  assert.deepEqual(await Promise.all([again, later]), [1, 2]);
  const order = cluster.batches.flatMap(([, , , rows]) => rows.map(([counter]) => counter));
  assert.deepEqual(order, [0, 1, 2]);
});

Deno.test("a controller that is lost meanwhile gets them when it is back", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  await client.loadBalancedView().apply(() => 1);
  const release = held(cluster);
  const again = client.resubmit(id(0));
  await settleTurn();
  cluster.session.controllerLost();
  await cluster.until(() => cluster.hellos.length === 2);
  release();
  assert.equal(await again, 1);
});

Deno.test("a client that is closed meanwhile says so", async () => {
  const cluster = await FakeCluster.start();
  await cluster.client.loadBalancedView().apply(() => 1);
  const release = held(cluster);
  const again = cluster.client.resubmit(id(0));
  await settleTurn();
  await cluster.client.close();
  release();
  await assert.rejects(again.get(), { name: "ConnectionError", message: /Lost the result/ });
});

Deno.test("specs that do not fit in one reply are asked for again, and code is fetched once", async () => {
  const cluster = await FakeCluster.start();
  await cluster.client.loadBalancedView().map((x: number) => -x, [1, 2, 3, 4, 5]);
  cluster.questions.specsAtOnce = 2;
  assert.deepEqual(await cluster.client.resubmit([0, 1, 2, 3, 4].map(id)), [-1, -2, -3, -4, -5]);
  assert.equal(cluster.questions.asked.filter(([name]) => name === "specs").length, 3);
  const last = cluster.batches.at(-1);
  assert.equal(last?.[2].length, 1, "tasks of one template share it again");
});

Deno.test("big arguments stay where they are; where their host is gone, the task says so", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const big = "x".repeat(100_000);
  assert.equal(await client.loadBalancedView().apply((text: string) => text.length, big), 100_000);
  const pieces = cluster.pieces.length;
  assert.equal(await client.resubmit(id(0)), 100_000);
  assert.equal(cluster.pieces.length, pieces, "nothing is moved again");

  cluster.manual();
  const waiting = client.resubmit(id(0));
  await cluster.until(() => cluster.tasks.size === 1);
  cluster.engines = [[0 as never, "u" as never, "h2" as never, 1, 1]];
  cluster.session.controllerLost();
  await assert.rejects(waiting.get(), (error: Error) => {
    assert.ok(error instanceof EngineError);
    assert.match(error.message, /the one that had them is gone/);
    return true;
  });
});
