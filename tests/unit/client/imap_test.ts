import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

/** Counts up for ever and remembers whether it was closed. */
class Naturals {
  drawn = 0;
  closed = false;
  *[Symbol.iterator](): Generator<number> {
    try {
      while (true) yield this.drawn++;
    } finally {
      this.closed = true;
    }
  }
}

Deno.test("imap gives all results in order, from any mix of sync and async input", async () => {
  const cluster = await FakeCluster.start();
  const lengths = fc.integer({ min: 0, max: 40 });
  const property = fc.asyncProperty(
    lengths,
    lengths,
    fc.integer({ min: 1, max: 7 }),
    fc.boolean(),
    async (n, m, k, o) => {
      async function* slow() {
        for (let x = 0; x < m; x++) yield await Promise.resolve(x * 10);
      }
      const lview = cluster.client.loadBalancedView().with({ chunksize: k, ordered: o, maxOutstanding: 10 });
      const xs = Array.from({ length: n }, (_, x) => x);
      const results: number[] = [];
      for await (const r of lview.imap((x, y) => x + y, xs, slow())) results.push(r);
      const wanted = xs.slice(0, m).map((x) => 11 * x);
      assert.deepEqual(o ? results : results.sort((a, b) => a - b), wanted);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

Deno.test("imap draws no more than maxOutstanding ahead, and more as results are taken", async () => {
  const cluster = await FakeCluster.start();
  const naturals = new Naturals();
  const results = cluster.client.loadBalancedView().with({ maxOutstanding: 8 }).imap((x: number) => x, naturals);
  assert.equal((await results.next()).value, 0);
  await settleTurn();
  assert.ok(naturals.drawn <= 9, `${naturals.drawn} drawn`);
  for (let x = 1; x < 100; x++) {
    assert.equal((await results.next()).value, x);
    assert.ok(naturals.drawn <= x + 9, `${naturals.drawn} drawn after ${x}`);
  }
  await results.return();
});

Deno.test("imap submits nothing before the first result is asked for", async () => {
  const cluster = await FakeCluster.start();
  const naturals = new Naturals();
  cluster.client.loadBalancedView().imap((x: number) => x, naturals);
  await settleTurn();
  assert.deepEqual([naturals.drawn, cluster.batches.length], [0, 0]);
});

Deno.test("leaving the loop closes the input and aborts what is in flight", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const naturals = new Naturals();
  const results = cluster.client.loadBalancedView().with({ maxOutstanding: 4 }).imap((x: number) => x, naturals);
  const first = results.next();
  await cluster.until(() => cluster.tasks.size === 4);
  await cluster.run([0]);
  assert.equal((await first).value, 0);
  await results.return();
  assert.ok(naturals.closed);
  assert.deepEqual(cluster.aborts.toSorted(), [1, 2, 3, 4].map((counter) => `testsessio-${counter}`));
});

Deno.test("leaving the loop does not wait for an input that is stuck", async () => {
  const cluster = await FakeCluster.start();
  async function* stuck() {
    yield 1;
    await new Promise(() => {});
  }
  for await (const x of cluster.client.loadBalancedView().imap((x: number) => x, stuck())) {
    assert.equal(x, 1);
    break;
  }
});

Deno.test("unordered, a slow first task holds nobody up", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView().with({ ordered: false });
  const results = lview.imap((x: number) => x, [10, 11, 12]);
  const first = results.next();
  await cluster.until(() => cluster.tasks.size === 3);
  await cluster.run([2]);
  assert.equal((await first).value, 12);
  await cluster.run([1]);
  assert.equal((await results.next()).value, 11);
  await cluster.run([0]);
  assert.equal((await results.next()).value, 10);
  assert.ok((await results.next()).done);
});

const threeFails = (x: number) => {
  if (x === 3) throw new Error("three");
  return x;
};

Deno.test("imap throws at the failed item, closes its input, aborts the rest", async () => {
  const cluster = await FakeCluster.start();
  const naturals = new Naturals();
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const x of cluster.client.loadBalancedView().imap(threeFails, naturals)) seen.push(x);
  }, /three/);
  assert.deepEqual(seen, [0, 1, 2]);
  assert.ok(naturals.closed);
});

Deno.test("with returnExceptions errors are in place; with failFast a late failure ends it early", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const all: unknown[] = [];
  for await (const x of lview.with({ returnExceptions: true, chunksize: 2 }).imap(threeFails, [2, 3, 4])) all.push(x);
  assert.ok(all[1] instanceof Error);
  assert.deepEqual([all[0], all[2]], [2, 4]);

  cluster.manual();
  const results = lview.with({ failFast: true }).imap(threeFails, [1, 2, 3]);
  const first = results.next();
  const before = cluster.batches.flatMap(([, , , rows]) => rows).length;
  await cluster.until(() => cluster.tasks.size === 3);
  await cluster.run([before + 2]);
  await assert.rejects(first, /three/);
});

Deno.test("an error of the input comes after the results of what was drawn before", async () => {
  const cluster = await FakeCluster.start();
  function* breaks() {
    yield 1;
    yield 2;
    throw new Error("input broke");
  }
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const x of cluster.client.loadBalancedView().imap((x: number) => x, breaks())) seen.push(x);
  }, /input broke/);
  assert.deepEqual(seen, [1, 2]);
});
