/** `parallel` and `remote`: parts, elements, joined results, decorators. @module */
import assert from "node:assert/strict";
import { CompositeError, NoEnginesRegistered, SerializationError } from "../../../wire/errors.ts";
import { partRows } from "../../../client/parallel_parts.ts";
import { FakeCluster } from "./fake_cluster.ts";

class Tasks {
  static tenfold(xs: readonly number[]): number[] {
    return xs.map((x) => 10 * x);
  }

  instance(): number {
    return 1;
  }
}

const context = (name: string) => ({ kind: "method", name, static: true });

Deno.test("a parallel function gets a part of the sequence at a time, and its results are joined in order", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const f = lview.parallel({ chunksize: 4 })(Tasks.tenfold);
  const result = f(Array(10).keys());
  assert.equal(result.msgIds.length, 3);
  assert.deepEqual(await result, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  assert.deepEqual(await result.get(), await result);
  assert.deepEqual([f.name, f.length], ["tenfold", 1]);
});

Deno.test("without a chunksize there are some parts for each slot, and never an empty one", async () => {
  const { client } = await FakeCluster.start();
  const lengths = client.loadBalancedView().parallel()((xs: readonly number[]) => xs.length);
  const sizes = await lengths(Array(100).fill(1));
  assert.equal(sizes.reduce((sum, size) => sum + size, 0), 100);
  assert.equal(sizes.length, 4 * client.ids.length);
  assert.deepEqual(await lengths([7]), [1]);
  assert.deepEqual(await lengths([]), []);
});

Deno.test("map of a parallel function calls it for each element, of several sequences too", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const f = lview.parallel()((x: number, y: number) => 10.0 * x ** y);
  assert.deepEqual(await f.map([1, 2, 3], [4, 4].values()), [10, 160]);
  const all: number[] = [];
  for await (const value of f.map([1, 2], [1, 1])) all.push(value);
  assert.deepEqual(all, [10, 20]);
});

Deno.test("parts of typed arrays are typed arrays, and joined to one", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const f = lview.parallel({ chunksize: 2 })((xs: Float64Array) => xs.map((x) => x / 2));
  assert.deepEqual(await f(new Float64Array([2, 4, 6])), new Float64Array([1, 2, 3]));
  const mixed = lview.parallel({ chunksize: 2 })((xs: readonly number[]) =>
    xs.length === 1 ? new Int8Array(xs) : new Float64Array(xs)
  )([1, 2, 3]);
  assert.deepEqual(await mixed, [1, 2, 3] as unknown);
  assert.deepEqual(await Array.fromAsync(mixed as AsyncIterable<unknown>), [1, 2, 3]);
});

Deno.test("a loop over a parallel call gets the elements of each part as soon as it is there, in order or not", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const tenfold = (xs: readonly number[]) => xs.map((x) => 10 * x);
  const result = lview.parallel({ chunksize: 2 })(tenfold)([1, 2, 3, 4]);
  const unordered = lview.parallel({ chunksize: 2, ordered: false })(tenfold)([1, 2, 3, 4]);
  const loops = [result, unordered].map((each) => each[Symbol.asyncIterator]());
  const next = async (loop = 0) => (await loops[loop]?.next())?.value;
  await cluster.until(() => cluster.tasks.size === 4);
  await cluster.run([0]);
  assert.deepEqual([await next(), await next()], [10, 20]);
  await cluster.run([3]);
  assert.deepEqual([await next(1), await next(1)], [30, 40]);
  await cluster.run();
  assert.deepEqual([await next(), await next(), await next()], [30, 40, undefined]);
  assert.deepEqual([await next(1), await next(1), await next(1)], [10, 20, undefined]);
  assert.deepEqual(result.split().length, 2);
});

Deno.test("a loop over typed parts gets their elements, over other values these, and it throws at a part that failed", async () => {
  const { client } = await FakeCluster.start();
  const lview = client.loadBalancedView();
  const collect = async <T>(source: AsyncIterable<T>) => {
    const all: T[] = [];
    for await (const value of source) all.push(value);
    return all;
  };
  const halves = lview.parallel({ chunksize: 2 })((xs: Float64Array) => xs.map((x) => x / 2));
  assert.deepEqual(await collect(halves(new Float64Array([2, 4, 6]))), [1, 2, 3]);
  const sums = lview.parallel({ chunksize: 2 })((xs: readonly number[]) => xs.reduce((a, b) => a + b, 0));
  assert.deepEqual(await collect(sums([1, 2, 3])), [3, 3]);
  const picky = (xs: readonly number[]) => {
    if (xs.includes(2)) throw new RangeError("two");
    return xs;
  };
  await assert.rejects(collect(lview.parallel({ chunksize: 1 })(picky)([1, 2])), /two/);
  const kept = await collect(lview.parallel({ chunksize: 1, returnExceptions: true })(picky)([1, 2, 3]));
  assert.deepEqual(kept.map((x: unknown) => x instanceof Error ? "error" : x), [1, "error", 3]);
  const dview = client.directView();
  assert.deepEqual(await collect(dview.parallel()((xs: readonly number[]) => xs)([5, 6, 7])), [5, 6, 7]);
});

Deno.test("sequences of a call are cut at the same places, up to the shortest", () => {
  const rows = partRows([[1, 2, 3, 4], "abc"], () => 2);
  assert.deepEqual([rows.length, rows.row(0), rows.row(1)], [2, [[1, 2], ["a", "b"]], [[3], ["c"]]]);
});

Deno.test("a part that fails is a CompositeError; what is no sequence, or none at all, rejects", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const f = lview.parallel({ chunksize: 1 })((xs: readonly number[]) => {
    if (xs[0] === 2) throw new RangeError("two");
    return xs;
  });
  await assert.rejects(f([1, 2, 3]).get(), CompositeError);
  await assert.rejects(f(5 as never).get(), /Cannot map over 5/);
  const nothing = f as unknown as () => ReturnType<typeof f>;
  await assert.rejects(nothing().get(), /give it at least one sequence/);
  assert.throws(() => lview.parallel({ chunksize: 0 }), RangeError);
  assert.throws(() => lview.parallel()(5 as never), /Cannot wrap 5 with parallel/);
});

Deno.test("a remote function gives a result for its call", async () => {
  const { client } = await FakeCluster.start();
  const power = client.loadBalancedView().remote({ label: "power" })((x: number, n: number) => x ** n);
  const result = power(2, 10);
  assert.equal(await result, 1024);
  assert.equal(result.metadata.label, "power");
  assert.deepEqual(await client.directView().remote()(() => 1)(), client.ids.map(() => 1));
  assert.equal(await client.at(0).remote()(() => 1)(), 1);
});

Deno.test("on a direct view each engine gets a part, in the order of the engines", async () => {
  const { client } = await FakeCluster.start();
  const sequence = Array.from({ length: 4 * client.ids.length }, (_, index) => index);
  const f = client.directView().parallel()((xs: readonly number[]) => xs.map((x) => 2 * x));
  const result = f(sequence);
  assert.deepEqual(await result, sequence.map((x) => 2 * x));
  assert.deepEqual(result.engineId, client.ids);
  const g = client.directView().parallel()((x: number) => 3 * x);
  const mapped = g.map(sequence);
  assert.deepEqual(await mapped, sequence.map((x) => 3 * x));
  assert.deepEqual(mapped.engineId, client.ids);
  await assert.rejects(client.at(99).parallel()((xs: readonly number[]) => xs)([1]).get(), NoEnginesRegistered);
});

Deno.test("both decorate static methods in both calling forms, and nothing else", async () => {
  const { client } = await FakeCluster.start();
  const lview = client.loadBalancedView();
  for (const decorator of [lview.parallel(), client.directView().parallel()]) {
    const standard = decorator(Tasks.tenfold, context("tenfold"));
    assert.deepEqual(await standard([1, 2]), [10, 20]);
    const before = Object.getOwnPropertyDescriptor(Tasks, "tenfold") as TypedPropertyDescriptor<typeof Tasks.tenfold>;
    const legacy = decorator(Tasks, "tenfold", before).value ?? assert.fail();
    assert.deepEqual([legacy.name, await legacy([3])], ["tenfold", [30]]);
  }
  assert.deepEqual(await lview.remote()(Tasks.tenfold, context("tenfold"))([1]), [10]);
  assert.throws(
    () => lview.remote()(new Tasks().instance, { kind: "method", name: "instance", static: false }),
    /Cannot decorate "instance" with remote/,
  );
});

Deno.test("a parallel function is not shipped itself", async () => {
  const lview = (await FakeCluster.start()).client.loadBalancedView();
  const f = lview.parallel()(Tasks.tenfold);
  await assert.rejects(lview.apply(f as never).then(), (error) => {
    assert.ok(error instanceof SerializationError);
    assert.match(error.message, /Cannot ship "tenfold": it is a parallel function/);
    return true;
  });
});
