import assert from "node:assert/strict";
import { DIRECT_COUNTERS_FROM, type HostId } from "../../../protocol/ids.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import {
  DependencyTimeout,
  ImpossibleDependency,
  RemoteError,
  SerializationError,
  TaskAborted,
} from "../../../wire/errors.ts";
import { decodeValue } from "../../../wire/value_codec.ts";
import { engineMessage, FakeCluster, SESSION, settleTurn } from "./fake_cluster.ts";

/** The inputs of each task that was submitted, by counter. */
function inputsOf(cluster: FakeCluster): Map<number, unknown> {
  return new Map(cluster.batches.flatMap(([, , , rows]) => rows.map(([counter, , , , inputs]) => [counter, inputs])));
}

// deno-lint-ignore no-explicit-any -- results deep inside are beyond the types
const same = (value: any) => value;

Deno.test("a result that is not there yet is named by its id, once, wherever it stands in the arguments", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  const seen = lview.apply(same, { a: one, list: [one, new Map([["k", one]])] });
  await settleTurn();
  assert.deepEqual(inputsOf(cluster).get(1), [`${SESSION}-0`]);
  await cluster.run();
  assert.deepEqual(await seen, { a: 1, list: [1, new Map([["k", 1]])] });
});

Deno.test("a result that is there and small stands in the arguments by its value", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => ({ n: 1 }));
  await one;
  assert.deepEqual(await lview.apply(same, [one]), [{ n: 1 }]);
  assert.equal(inputsOf(cluster).get(1), undefined);
});

Deno.test("a map stands for the array of its results in order, with and without chunks", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const plain = lview.map((x: number) => x * x, [1, 2, 3]);
  const chunks = lview.with({ chunksize: 2 }).map((x: number) => x * x, [1, 2, 3]);
  const none = lview.map((x: number) => x, []);
  const seen = lview.apply(same, [plain, chunks, none]);
  await settleTurn();
  assert.deepEqual(inputsOf(cluster).get(5), [0, 1, 2, 3, 4].map((counter) => `${SESSION}-${counter}`));
  await cluster.run();
  assert.deepEqual(await seen, [[1, 4, 9], [1, 4, 9], []]);
});

Deno.test("each row of a map, and each chunk, brings along what it names", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [a, b] = [lview.apply(() => "a"), lview.apply(() => "b")];
  const rows = lview.map((x: string, n: number) => x + n, [a, b], [1, 2]);
  const chunk = lview.with({ chunksize: 2 }).map((x: string) => x, [b, a]);
  await settleTurn();
  const [first, second] = [`${SESSION}-0`, `${SESSION}-1`];
  assert.deepEqual([2, 3, 4].map((counter) => inputsOf(cluster).get(counter)), [[first], [second], [second, first]]);
  await cluster.run();
  assert.deepEqual(await rows, ["a1", "b2"]);
  assert.deepEqual(await chunk, ["b", "a"]);
});

Deno.test("a big result that is there is named by the host that has it and the engine that made it", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const big = lview.apply(() => "x".repeat(100_000));
  await big;
  const length = await lview.apply((text: string) => text.length, big);
  assert.equal(length, 100_000);
  const [ref] = inputsOf(cluster).get(1) as unknown[][];
  assert.deepEqual(ref?.slice(1), [100_005, "h1", 0]);
  assert.equal(cluster.pieces.filter(({ bytes }) => bytes > 0).length, 1, "it was brought to the client, and not back");
});

Deno.test("a big result whose host is gone is brought to another one from here", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const big = lview.apply(() => "x".repeat(100_000));
  await big;
  cluster.session.engines([engineMessage(0, "h2" as HostId), engineMessage(1, "h2" as HostId)]);
  assert.equal(await lview.apply((text: string) => text.length, big), 100_000);
  const [ref] = inputsOf(cluster).get(1) as unknown[][];
  assert.equal(ref?.[2], "h2");
});

Deno.test("a balanced task that names a direct one's result is sent with it, once it is there", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { client } = cluster;
  const direct = client.at(0).apply(() => 7);
  const lview = client.loadBalancedView();
  const waits = lview.apply((x: number) => x + 1, direct);
  const names = lview.apply((x: number) => x + 1, waits);
  const after = lview.with({ after: waits }).apply(() => "after");
  const free = lview.apply(() => "free");
  await settleTurn();
  assert.deepEqual([...cluster.tasks.keys()], [DIRECT_COUNTERS_FROM, 3], "others do not wait behind it");
  await cluster.run();
  await settleTurn();
  const inputs = inputsOf(cluster).get(0) as Uint8Array[];
  assert.deepEqual(inputs.map((bytes) => decodeValue(bytes)), [7]);
  assert.deepEqual([...cluster.tasks.keys()].sort(), [0, 1, 2]);
  await cluster.run([0, 1, 2]);
  assert.deepEqual(await Promise.all([waits, names, after, free]), [8, 9, "after", "free"]);
});

Deno.test("a direct task waits here for all that it names, and goes with the values", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { client } = cluster;
  const one = client.loadBalancedView().apply(() => 1);
  const seen = client.directView().apply((x: number) => x + 1, one);
  await settleTurn();
  assert.equal(cluster.directBatches.length, 0);
  await cluster.run([0]);
  await settleTurn();
  const inputs = cluster.directBatches[0]?.batch[3][0]?.[4] ?? [];
  assert.deepEqual(inputs.map((bytes) => decodeValue(bytes as Uint8Array)), [1]);
  await cluster.run();
  assert.deepEqual(await seen, [2, 2]);
});

Deno.test("the failure of a direct input, and of one that was refused, is that of the task", async () => {
  const cluster = await FakeCluster.start();
  const { client } = cluster;
  const lview = client.loadBalancedView();
  const direct = client.at(0).apply((): number => {
    throw new Error("no luck");
  });
  await assert.rejects(lview.apply((x: number) => x, direct).get(), (error) => {
    assert.ok(error instanceof ImpossibleDependency && error.cause instanceof RemoteError);
    assert.match(
      error.message,
      /one of its inputs wants task .* to succeed, and it failed \(RemoteError: .*no luck/,
    );
    return true;
  });
  const refused = lview.apply((x: unknown) => x, Symbol("no") as unknown);
  await assert.rejects(lview.apply(same, refused).get(), (error) => {
    assert.ok(error instanceof ImpossibleDependency && error.cause instanceof SerializationError);
    return true;
  });
});

Deno.test("a task that waits here for its inputs can be aborted, and ends when its time is up", async () => {
  const clock = new FakeClock();
  const cluster = (await FakeCluster.start(clock)).manual();
  const { client } = cluster;
  const direct = client.at(0).apply(() => 7);
  const lview = client.loadBalancedView();
  const aborted = lview.apply((x: number) => x, direct);
  const late = lview.with({ timeout: 100 }).apply((x: number) => x, direct);
  await settleTurn();
  aborted.abort();
  await assert.rejects(aborted.get(), TaskAborted);
  clock.advance(100);
  await assert.rejects(late.get(), DependencyTimeout);
  await cluster.run();
  await settleTurn();
  assert.equal(cluster.tasks.size, 0, "neither was sent afterwards");
});

Deno.test("a new controller is given the values of inputs that the one before had settled", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  const two = lview.apply(() => 2);
  const sum = lview.apply((a: number, b: number) => a + b, one, two);
  await settleTurn();
  assert.deepEqual(inputsOf(cluster).get(2), [`${SESSION}-0`, `${SESSION}-1`]);
  await cluster.run([0]);
  cluster.epoch = 2;
  cluster.session.controllerLost();
  await cluster.until(() => cluster.hellos.length === 2);
  await settleTurn();
  const [value, id] = inputsOf(cluster).get(2) as [Uint8Array, string];
  assert.equal(decodeValue(value), 1);
  assert.equal(id, `${SESSION}-1`);
  await cluster.run();
  assert.equal(await sum, 3);
});

Deno.test("a result among what a function captured is a dependency and its value, once for it and the arguments", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [one, two, three] = [1, 2, 3].map((n) => lview.apply((x: number) => x, n));
  const inside = { deep: [two] };
  const helper = () => one;
  const f = (...given: unknown[]) => [helper(), inside, three, ...given];
  const seen = lview.apply(f, three, two);
  const chunk = lview.with({ chunksize: 2 }).map((n: number) => [n, one, inside] as unknown, [7, 8]);
  await settleTurn();
  assert.deepEqual([...inputsOf(cluster).get(3) as string[]].sort(), [0, 1, 2].map((n) => `${SESSION}-${n}`));
  await cluster.run();
  assert.deepEqual(await seen, [1, { deep: [2] }, 3, 3, 2]);
  assert.deepEqual(await chunk, [[7, 1, { deep: [2] }], [8, 1, { deep: [2] }]]);
});

Deno.test("rows of a map bring along what their function holds, and what they name themselves behind it", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const [held, named] = [lview.apply(() => "held"), lview.apply(() => "named")];
  const rows = lview.map((x: unknown) => [held, x] as unknown, [1, named, held]);
  await settleTurn();
  const [first, second] = [`${SESSION}-0`, `${SESSION}-1`];
  assert.deepEqual([2, 3, 4].map((n) => inputsOf(cluster).get(n)), [[first], [first, second], [first]]);
  await cluster.run();
  assert.deepEqual(await rows, [["held", 1], ["held", "named"], ["held", "held"]]);
});

Deno.test("a captured result that is there stands by its value, as it was at the moment of submission", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  let latest = lview.apply(() => ({ n: 1 }));
  await latest;
  const seen = lview.apply(() => latest as unknown);
  latest = lview.apply(() => ({ n: 2 }));
  assert.deepEqual(await seen, { n: 1 });
  assert.equal(inputsOf(cluster).get(1), undefined);
});

Deno.test("results around functions in arguments, those of conditions, and references are found as well", async () => {
  const { depend } = await import("../../../client/depend.ts");
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  const given = lview.apply((f: () => unknown) => f(), () => one as unknown);
  const guarded = lview.apply(depend((x: unknown) => x === 1, one as unknown)(() => 2));
  const direct = cluster.client.at(0).apply(() => one as unknown);
  await settleTurn();
  await cluster.run();
  await settleTurn();
  await cluster.run();
  assert.deepEqual([await given, await guarded, await direct], [1, 2, 1]);
});

Deno.test("a captured result that failed is an ImpossibleDependency of who captured it", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const refused = lview.apply((x: unknown) => x, new WeakMap() as unknown);
  await assert.rejects(lview.apply(() => refused as unknown).get(), ImpossibleDependency);
  const failed = cluster.client.at(0).apply(() => {
    throw new RangeError("no luck");
  });
  await assert.rejects(lview.apply(() => failed as unknown).get(), /wants task .* to succeed, and it failed/);
});

Deno.test("a result around a class that travels by itself is refused: the class is made once for all tasks", async () => {
  const { registerType } = await import("../../../client/registered_type.ts");
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  const one = lview.apply(() => 1);
  class Holder {
    read(): unknown {
      return one;
    }
  }
  registerType(Holder);
  await assert.rejects(
    lview.apply((holder: Holder) => holder.read(), new Holder()).get(),
    /AsyncResult.*pass it as an argument of the task, or await it/,
  );
});
