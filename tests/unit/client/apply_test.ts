import assert from "node:assert/strict";
import { RemoteError, SerializationError, TaskAborted } from "../../../wire/errors.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

Deno.test("apply gives the value of the function, awaited where it is async", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  assert.equal(await lview.apply((x: number) => x ** 10, 3), 59049);
  assert.equal(await lview.apply((x: number) => Promise.resolve(x + 1), 3), 4);
});

Deno.test("all that is submitted in one turn goes as one message, in order, with one template a function", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const f = (x: number) => x;
  const results = Array.from({ length: 100 }, (_, index) => lview.apply(f, index));
  lview.apply((x: string) => x, "other");
  assert.equal(cluster.batches.length, 0);
  await cluster.until(() => cluster.batches.length === 1);
  const [session, codes, templates, rows] = cluster.batches[0] ?? assert.fail();
  assert.equal(session, "testsessio");
  // Both functions read the same: one code, two templates.
  assert.deepEqual([codes.length, templates.length, rows.length], [1, 2, 101]);
  assert.deepEqual(rows.map(([counter]) => counter), Array.from({ length: 101 }, (_, counter) => counter));
  assert.deepEqual(cluster.argsOf(17), [17]);
  await cluster.run();
  assert.deepEqual(await Promise.all(results), Array.from({ length: 100 }, (_, index) => index));
});

Deno.test("code is sent once in a controller's life, flags with their template", async () => {
  const cluster = await FakeCluster.start();
  const f = (x: number) => x;
  await cluster.client.loadBalancedView().apply(f, 1);
  await cluster.client.loadBalancedView().with({ retries: 3, label: "again" }).apply(f, 2);
  assert.deepEqual(cluster.batches.map(([, codes]) => codes.length), [1, 0]);
  assert.deepEqual(cluster.batches[1]?.[2][0]?.[2], [3, 0, null, "again"]);
});

Deno.test("arguments are taken at the moment of the call", async () => {
  const cluster = await FakeCluster.start();
  const value = { list: [1, 2] };
  const result = cluster.client.loadBalancedView().apply((v: { list: number[] }) => v.list.length, value);
  value.list.push(3);
  assert.equal(await result, 2);
});

Deno.test("methods in shorthand form travel", async () => {
  const cluster = await FakeCluster.start();
  const tools = {
    double(x: number) {
      return 2 * x;
    },
    async later(x: number) {
      return await Promise.resolve(x);
    },
  };
  const lview = cluster.client.loadBalancedView();
  assert.equal(await lview.apply(tools.double, 4), 8);
  assert.equal(await lview.apply(tools.later, 4), 4);
  assert.deepEqual(await lview.with({ chunksize: 2 }).map(tools.double, [1, 2, 3]), [2, 4, 6]);
});

for (
  const [what, f, says] of [
    ["native code", Math.sqrt, /native code.*\(x\) => Math\.sqrt\(x\)/],
    ["a bound function", function (this: number) {}.bind(1), /bound function/],
    ["a class", class Thing {}, /it is a class/],
    [
      "a method with private names",
      new (class {
        #x = 1;
        get = { read: (o: object) => #x in o }.read;
        peek() {
          return this.#x;
        }
      })().peek,
      /uses a private name such as #x/,
    ],
  ] as const
) {
  Deno.test(`${what} is refused with what to do, as a rejection`, async () => {
    const cluster = await FakeCluster.start();
    const lview = cluster.client.loadBalancedView();
    const apply = lview.apply as (f: unknown) => PromiseLike<unknown>;
    await assert.rejects(Promise.resolve(apply.call(lview, f)), (error: Error) => {
      assert.ok(error instanceof SerializationError);
      assert.match(error.message, says);
      return true;
    });
    const map = lview.map as (f: unknown, xs: number[]) => PromiseLike<unknown>;
    await assert.rejects(Promise.resolve(map.call(lview, f, [1, 2])), SerializationError);
    assert.equal(cluster.batches.length, 0);
  });
}

Deno.test("what is no function, and arguments that can't travel, reject; nothing is thrown", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const notFunction = (lview.apply as (f: unknown) => PromiseLike<unknown>).call(lview, 5);
  await assert.rejects(Promise.resolve(notFunction), TypeError);
  const unfit = lview.apply((x: unknown) => x, { deep: [new WeakMap()] });
  await assert.rejects(Promise.resolve(unfit), /args\[0\]\.deep\[0\]/);
  assert.equal(unfit.metadata.status, "failed");
});

Deno.test("a remote error tells where it was thrown, where it was submitted, and what it was", async () => {
  const cluster = await FakeCluster.start();
  const result = cluster.client.loadBalancedView().apply(function breaks() {
    throw new RangeError("too much", { cause: "why" });
  });
  const error: unknown = await result.catch((error) => error);
  assert.ok(error instanceof RemoteError);
  assert.equal(error.remoteName, "RangeError");
  assert.match(error.message, /too much/);
  assert.match(error.remoteStack, /breaks/);
  assert.ok(error.cause instanceof RangeError);
  assert.equal(error.cause.cause, "why");
  assert.deepEqual([error.engineId, error.msgId], [0, result.msgId]);
  assert.match(error.stack ?? "", /Submitted at:\n.*apply_test\.ts/);
  assert.doesNotMatch(error.stack?.split("Submitted at:")[1] ?? "", /client\/submission/);
});

Deno.test("abort() of a task that was sent asks the scheduler; the task ends as aborted", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  result.abort();
  await assert.rejects(Promise.resolve(result), TaskAborted);
  assert.deepEqual(cluster.aborts, [result.msgId]);
  assert.equal(result.metadata.status, "aborted");
});

Deno.test("abort() of a task that was not sent yet ends it here, and it is never sent", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [first, second] = [lview.apply(() => 1), lview.apply(() => 2)];
  first.abort();
  await assert.rejects(Promise.resolve(first), TaskAborted);
  await cluster.until(() => cluster.tasks.size === 1);
  await cluster.run();
  assert.equal(await second, 2);
  assert.deepEqual(cluster.aborts, []);
});

Deno.test("an aborted signal among the flags aborts the tasks, also one that was aborted before", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const controller = new AbortController();
  const lview = cluster.client.loadBalancedView().with({ signal: controller.signal });
  const result = lview.apply(() => 1);
  const map = lview.map((x: number) => x, [1, 2]);
  await cluster.until(() => cluster.tasks.size === 3);
  controller.abort();
  await assert.rejects(Promise.resolve(result), TaskAborted);
  await assert.rejects(Promise.resolve(map), /2 of 2 tasks failed/);
  await assert.rejects(Promise.resolve(lview.apply(() => 1)), TaskAborted);
});

Deno.test("an id made by newId names its task, once", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const id = client.newId();
  assert.equal(await lview.apply(() => "before"), "before");
  const result = lview.with({ id }).apply(() => "named");
  assert.equal(result.msgId, id);
  assert.equal(await result, "named");
  await assert.rejects(Promise.resolve(lview.with({ id }).apply(() => 1)), /used already/);
  await assert.rejects(Promise.resolve(lview.with({ id: "other-5" }).apply(() => 1)), RangeError);
  await assert.rejects(Promise.resolve(lview.with({ id: client.newId() }).map(() => 1, [1, 2])), RangeError);
});

Deno.test("a second outcome of a task changes nothing", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().apply(() => 1);
  await cluster.until(() => cluster.tasks.size === 1);
  cluster.settle(cluster.done(0, "first"), cluster.done(0, "second"));
  cluster.settle(cluster.done(0, "third"), cluster.done(999, "unknown"));
  assert.equal(await result, "first");
});

Deno.test("a message that is not ours fails its task and nothing else", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [bad, good] = [lview.apply(() => 1), lview.apply(() => 2)];
  await cluster.until(() => cluster.tasks.size === 2);
  cluster.settle([0, 0, "nonsense", 0, "u", 1, 0, 0] as never, cluster.done(1, 2));
  await assert.rejects(Promise.resolve(bad), SerializationError);
  assert.equal(await good, 2);
});

Deno.test("nobody looks at a failure: no unhandled rejection", async () => {
  const cluster = await FakeCluster.start();
  const seen: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    seen.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  try {
    const lview = cluster.client.loadBalancedView();
    const fails = () => {
      throw new Error("unseen");
    };
    const results = [lview.apply(fails), lview.map(fails, [1, 2])];
    results[0]?.then(() => {}, () => {});
    await cluster.until(() => cluster.tasks.size === 0 && cluster.batches.length > 0);
    await settleTurn();
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(seen, []);
    assert.ok(results.every((result) => result.ready && !result.successful));
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
  }
});
