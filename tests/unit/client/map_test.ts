import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { SETTLED } from "../../../protocol/messages.ts";
import { CompositeError, RemoteError, SerializationError, TaskAborted } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of source) all.push(value);
  return all;
}

Deno.test("map gives what Array.map gives, whatever the chunksize", async () => {
  const cluster = await FakeCluster.start();
  const property = fc.asyncProperty(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), async (xs, chunksize) => {
    const lview = cluster.client.loadBalancedView().with({ chunksize });
    assert.deepEqual(await lview.map((x: number) => x * 2, xs), xs.map((x) => x * 2));
    assert.deepEqual(await collect(lview.map((x: number) => x * 2, xs)), xs.map((x) => x * 2));
  });
  await fc.assert(property, { numRuns: 50 });
});

Deno.test("map zips any iterables, stops at the shortest and closes the others", async () => {
  const cluster = await FakeCluster.start();
  let closed = false;
  function* endless() {
    try {
      for (let n = 0;; n++) yield n;
    } finally {
      closed = true;
    }
  }
  const lview = cluster.client.loadBalancedView();
  const results = await lview.map((n, s, x) => `${n}${s}${x}`, endless(), "abc", new Set([1, 2]));
  assert.deepEqual(results, ["0a1", "1b2"]);
  assert.ok(closed);
});

Deno.test("a map over nothing is settled at once", async () => {
  const cluster = await FakeCluster.start();
  const result = cluster.client.loadBalancedView().map((x: number) => x, []);
  assert.ok(result.ready);
  assert.deepEqual([await result, result.length, result.msgIds, result.msgId], [[], 0, [], ""]);
});

Deno.test("what is no sequence rejects with a TypeError", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const map = lview.map.bind(lview) as (...args: unknown[]) => PromiseLike<unknown>;
  await assert.rejects(Promise.resolve(map((x: number) => x, 5)), /Cannot map over 5 \(sequence 1\)/);
  await assert.rejects(Promise.resolve(map((x: number) => x)), TypeError);
});

const oddFails = (x: number) => {
  if (x % 2 === 1) throw new RangeError(`odd: ${x}`);
  return x;
};

for (const chunksize of [1, 3]) {
  Deno.test(`with chunks of ${chunksize}, each item has its own outcome and its own RemoteError`, async () => {
    const cluster = await FakeCluster.start();
    const result = cluster.client.loadBalancedView().with({ chunksize }).map(oddFails, [0, 1, 2, 3, 4]);
    const error: unknown = await result.catch((error) => error);
    assert.ok(error instanceof CompositeError);
    assert.match(error.message, /2 of 5 tasks failed/);
    assert.deepEqual(error.errors.map((each) => each.cause.message), ["odd: 1", "odd: 3"]);
    const [first] = error.errors;
    assert.ok(first instanceof RemoteError && first.cause instanceof RangeError);
    assert.match(first.remoteStack, /odd: 1/);
    assert.doesNotMatch(first.remoteStack, /runChunk/);
    assert.equal(result.progress, 5);
    assert.deepEqual([result.ready, result.successful], [true, false]);
  });

  Deno.test(`with chunks of ${chunksize}, returnExceptions puts errors in place, awaited and iterated`, async () => {
    const cluster = await FakeCluster.start();
    const lview = cluster.client.loadBalancedView().with({ chunksize, returnExceptions: true });
    const show = (x: unknown) => x instanceof RemoteError ? x.remoteName : x;
    assert.deepEqual((await lview.map(oddFails, [0, 1, 2])).map(show), [0, "RangeError", 2]);
    assert.deepEqual((await collect(lview.map(oddFails, [0, 1, 2]))).map(show), [0, "RangeError", 2]);
  });
}

Deno.test("iteration throws at the failed item, after those before it", async () => {
  const cluster = await FakeCluster.start();
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const x of cluster.client.loadBalancedView().map(oddFails, [0, 2, 3, 4])) seen.push(x);
  }, /odd: 3/);
  assert.deepEqual(seen, [0, 2]);
});

Deno.test("with ordered: false, results come as they arrive; awaited, in order all the same", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const result = cluster.client.loadBalancedView().with({ ordered: false }).map((x: number) => x, [10, 11, 12]);
  await cluster.until(() => cluster.tasks.size === 3);
  const iterator = result[Symbol.asyncIterator]();
  const first = iterator.next();
  await cluster.run([2]);
  assert.equal((await first).value, 12);
  await cluster.run([0]);
  assert.equal((await iterator.next()).value, 10);
  await cluster.run([1]);
  assert.equal((await iterator.next()).value, 11);
  assert.ok((await iterator.next()).done);
  assert.deepEqual(await result, [10, 11, 12]);
});

Deno.test("failFast aborts the rest at the first failure, sent or not", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const xs = Array.from({ length: 10_000 }, (_, x) => x);
  const result = cluster.client.loadBalancedView().with({ failFast: true }).map(oddFails, xs);
  await cluster.until(() => cluster.tasks.size >= 2);
  await cluster.run([0, 1]);
  const error: unknown = await result.catch((error) => error);
  assert.ok(error instanceof CompositeError);
  assert.equal(error.errors.length, 9_999);
  assert.equal(error.errors.filter((each) => each instanceof TaskAborted).length, 9_998);
  assert.deepEqual(result.metadata.slice(0, 3).map(({ status }) => status), ["done", "failed", "aborted"]);
});

Deno.test("an argument that can't travel fails its own item alone, with chunks and without", async () => {
  const cluster = await FakeCluster.start();
  for (const chunksize of [1, 3]) {
    const lview = cluster.client.loadBalancedView().with({ chunksize, returnExceptions: true });
    const xs: unknown[] = [1, new WeakMap(), 3, Symbol("four")];
    const results = await lview.map((x: unknown) => x, xs);
    assert.deepEqual([results[0], results[2]], [1, 3]);
    assert.ok(results[1] instanceof SerializationError && results[3] instanceof SerializationError);
  }
});

Deno.test("a chunk one of whose rows can't travel is a task that failed, for whatever depends on it", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 2, returnExceptions: true });
  const result = lview.map((x: unknown) => x, [1, Symbol("two"), 3, 4, 5, 6]);
  const [one, two, ...rest] = await result;
  assert.deepEqual([one, ...rest], [1, 3, 4, 5, 6]);
  assert.ok(two instanceof SerializationError);
  assert.deepEqual(result.metadata.map(({ status }) => status), ["failed", "done", "done"]);
});

Deno.test("rows that can travel one by one and not together fail together", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 2, returnExceptions: true });
  /** Fails at these readings of its value. */
  const moody = (fails: (reading: number) => boolean) => {
    const read = { times: 0 };
    return {
      read,
      row: {
        get value() {
          if (fails(read.times++)) throw new RangeError("not now");
          return 1;
        },
      },
    };
  };
  const steady = moody(() => false);
  await lview.map((x: unknown) => x, [steady.row]);
  const once = steady.read.times;
  // In the chunk, then alone, then in the chunk again.
  const results = await lview.map((x: unknown) => x, [moody((reading) => reading === 0 || reading > once).row, 2]);
  for (const result of results) assert.match(String(result), /not now/);
});

Deno.test("inside a chunk, a result that can't travel fails its own item alone", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 4, returnExceptions: true });
  const odd = (x: number): unknown => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    return [x, { f: [() => x] }, new (class Odd {})(), cycle][x];
  };
  const [plain, ...rest] = await lview.map(odd, [0, 1, 2, 3]);
  assert.equal(plain, 0);
  const messages = rest.map((error) => (error as Error).message);
  assert.match(messages[0] ?? "", /result\.f\[0\] is a function/);
  assert.match(messages[1] ?? "", /result is a Odd/);
  assert.match(messages[2] ?? "", /result\.self is part of a cycle/);
  assert.ok(rest.every((error) => (error as RemoteError).remoteName === "SerializationError"));
});

Deno.test("inside a chunk, async items are awaited and dates, maps and errors come through", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 10 });
  const values = await lview.map(async (x: number) => {
    await Promise.resolve();
    return [new Date(x), new Map([[x, new Set([x])]]), new Uint8Array([x]), new Error("e", { cause: x })][x];
  }, [0, 1, 2, 3]);
  assert.deepEqual(values.slice(0, 3), [new Date(0), new Map([[1, new Set([1])]]), new Uint8Array([2])]);
  assert.ok(values[3] instanceof Error && values[3].cause === 3);
});

Deno.test("a chunk with retries left fails as a whole, the last attempt item by item", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 2, retries: 1, returnExceptions: true });
  const firstAttempt: unknown[] = await lview.map(oddFails, [0, 1]);
  assert.ok(firstAttempt.every((value) => value instanceof RemoteError), "the fake scheduler does not retry");
  cluster.attempt = 2;
  assert.equal((await lview.map(oddFails, [0, 1]))[0], 0);
});

Deno.test("a chunk with a failed item is a task that failed, for whatever depends on it", async () => {
  const cluster = await FakeCluster.start();
  const codes = new Map<number, number>();
  const settled = cluster.session.settled.bind(cluster.session);
  cluster.session.settled = (epoch, results) => {
    for (const [counter, code] of results) codes.set(counter, code);
    settled(epoch, results);
  };
  const lview = cluster.client.loadBalancedView().with({ chunksize: 2, returnExceptions: true });
  const result = lview.map(oddFails, [0, 1, 2, 4]);
  const [zero, one, ...rest] = await result as unknown[];
  assert.deepEqual([zero, ...rest], [0, 2, 4]);
  assert.ok(one instanceof RemoteError && one.cause instanceof RangeError);
  assert.deepEqual([...codes], [[0, SETTLED.threw], [1, SETTLED.done]]);
  assert.deepEqual(result.metadata.map(({ status }) => status), ["failed", "done"]);
});

Deno.test("an item that declines its engine declines for its chunk", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView().with({ chunksize: 2, returnExceptions: true });
  const results: unknown[] = await lview.map((x: number) => {
    if (x === 1) throw Object.assign(new Error("busy"), { name: "UnmetDependency" });
    return x;
  }, [0, 1]);
  assert.ok(results.every((value) => value instanceof RemoteError && value.remoteName === "UnmetDependency"));
});

Deno.test("a big map is cut into messages, and a full link is waited for, in order", async () => {
  const cluster = await FakeCluster.start(undefined, (cluster) => cluster.credit = 2);
  const xs = Array.from({ length: 10_000 }, (_, x) => x);
  const result = cluster.client.loadBalancedView().map((x: number) => x + 1, xs);
  await cluster.until(() => cluster.batches.length === 2);
  assert.equal(cluster.credit, 0);
  cluster.giveCredit(Infinity);
  assert.deepEqual(await result, xs.map((x) => x + 1));
  const counters = cluster.batches.flatMap(([, , , rows]) => rows.map(([counter]) => counter));
  assert.deepEqual(counters, xs);
  assert.ok(cluster.batches.every(([, , templates, rows]) => templates.length === 1 && rows.length <= 2_000));
});

Deno.test("what is submitted while a big map is under way keeps its place behind it", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const xs = Array.from({ length: 9_000 }, (_, x) => x);
  const lview = cluster.client.loadBalancedView();
  const map = lview.map((x: number) => x, xs);
  const after = lview.apply(() => "after");
  await cluster.until(() => cluster.tasks.size === 9_001);
  const counters = cluster.batches.flatMap(([, , , rows]) => rows.map(([counter]) => counter));
  assert.deepEqual(counters, Array.from({ length: 9_001 }, (_, counter) => counter));
  assert.equal(after.msgId, "testsessio-9000");
  await cluster.run();
  assert.equal((await map).length, 9_000);
});

Deno.test("objects of a big map are taken at the moment of the call", async () => {
  const cluster = await FakeCluster.start();
  const xs = Array.from({ length: 5_000 }, (_, x) => ({ x }));
  const result = cluster.client.loadBalancedView().map((each: { x: number }) => each.x, xs);
  for (const each of xs) each.x = -1;
  assert.deepEqual((await result).slice(-2), [4_998, 4_999]);
});
