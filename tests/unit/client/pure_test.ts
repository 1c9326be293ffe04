/** Balanced tasks in the scheme `pure`: what works, what is refused, and what is bounded. @module */
import assert from "node:assert/strict";
import { CompositeError } from "../../../wire/errors.ts";
import type { FlagOptions } from "../../../client/task_flags.ts";
import { FakeCluster, HOST, settleTurn } from "./fake_cluster.ts";
import { PureStage } from "./pure_fixture.ts";

const square = (x: number) => x * x;

Deno.test("a map's results come past the scheduler, in order, from all engines", async () => {
  const stage = await PureStage.open();
  const inputs = Array.from({ length: 100 }, (_, index) => index);
  const map = stage.client.loadBalancedView().map(square, inputs);
  assert.deepEqual(await map, inputs.map(square));
  assert.equal(stage.cluster.batches.length, 0);
  assert.deepEqual(new Set(map.engineId), new Set([0, 1]));
  assert.equal(new Set(stage.published).size, 100, "each was published once");
  assert.equal(stage.published.length, 100);
});

Deno.test("in another scheme nothing is published, and every flag goes", async () => {
  const cluster = await FakeCluster.start();
  const ar = cluster.client.loadBalancedView().with({ retries: 2 }).apply(square, 3);
  assert.equal(await ar, 9);
  assert.equal(cluster.batches.length, 1);
});

Deno.test("a flag that needs a scheduler rejects that task alone, at once, and says what to do", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  const refused: readonly FlagOptions[] = [
    { retries: 1 },
    { backoff: { initial: 10 } },
    { targets: [0] },
    { timeout: 1_000 },
    { priority: -1 },
    { maxRuntime: 1_000 },
    { failFast: true },
    { signal: new AbortController().signal },
  ];
  for (const flags of refused) {
    const [flag = ""] = Object.keys(flags);
    const saysSo = (error: unknown) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, new RegExp(`Cannot submit with the flag "${flag}".*"pure".*such as "leastload"`));
      return true;
    };
    const ar = view.with(flags).apply(square, 1);
    assert.equal(ar.ready, true, "it is known at once");
    await assert.rejects(async () => await ar, saysSo);
    await assert.rejects(async () => await view.with(flags).map(square, [1, 2]), saysSo);
    await assert.rejects(async () => {
      for await (const _ of view.with(flags).imap(square, [1, 2]));
    }, saysSo);
  }
  assert.equal(await view.with({ retries: 0, timeout: 0, targets: null, signal: null }).apply(square, 2), 4);
  assert.equal(stage.published.length, 1);
});

Deno.test("what came before can't be named, whatever its way was: the error is of the scheme", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  const done = view.apply(square, 2);
  await done;
  const bad = view.apply(Math.sqrt, 4);
  await bad.wait();
  for (const before of [done, bad, stage.client.at(0).apply(square, 2), "otherclien-3"]) {
    for (const flag of ["after", "follow"] as const) {
      const refused = { name: "TypeError", message: new RegExp(`the flag "${flag}".*"pure"`) };
      await assert.rejects(async () => await view.with({ [flag]: before }).apply(square, 1), refused);
    }
  }
});

Deno.test("questions about a task say that the scheduler never sees it, and what knows of it", async () => {
  const stage = await PureStage.open({ manual: true });
  const { client, cluster } = stage;
  const ar = client.loadBalancedView().apply(square, 5);
  assert.deepEqual((await client.resultStatus(ar)).pending, [ar.msgId]);
  await cluster.run();
  await ar;
  assert.deepEqual((await client.resultStatus(ar)).completed, [ar.msgId]);
  const unknown = { name: "UnknownTask", message: new RegExp(`never with the scheduler.*"pure".*"${ar.msgId}"`) };
  await assert.rejects(client.resultStatus(ar.msgId), unknown);
  await assert.rejects(client.story(ar), unknown);
  await assert.rejects(client.purgeResults(ar), unknown);
  await assert.rejects(client.resubmit(ar).get(), unknown);
});

Deno.test("to abort a task is a TypeError at once, and the task goes on", async () => {
  const stage = await PureStage.open({ manual: true });
  const { client } = stage;
  const ar = client.loadBalancedView().apply(square, 5);
  await settleTurn();
  const refused = { name: "TypeError", message: new RegExp(`Cannot abort task "${ar.msgId}": .*"pure"`) };
  assert.throws(() => ar.abort(), refused);
  assert.throws(() => client.abort(ar), refused);
  assert.throws(() => client.abort(ar.msgId), refused);
  assert.throws(() => client.abort(`otherclien-${ar.msgId.split("-")[1]}`), /Cannot abort task "otherclien-/);
  await stage.cluster.run();
  assert.equal(await ar, 25);
  assert.throws(() => ar.abort(), refused, "finished or not");
  assert.deepEqual([stage.cluster.aborts, stage.cluster.directAborts], [[], []]);
});

Deno.test("tasks of engines that one names can be aborted as ever", async () => {
  const stage = await PureStage.open({ manual: true });
  const direct = stage.client.at(0).apply(square, 5);
  await settleTurn();
  direct.abort();
  assert.equal(stage.cluster.directAborts.length, 1);
});

Deno.test("label, chunksize, ordered, returnExceptions and id work", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  const odd = (x: number) => {
    if (x === 2) throw new RangeError("two");
    return x;
  };
  const chunked = view.with({ chunksize: 2, label: "pairs", returnExceptions: true }).map(odd, [0, 1, 2, 3, 4]);
  const [first, , third, fourth] = await chunked;
  assert.deepEqual([first, fourth], [0, 3]);
  assert.match(String(third), /two/);
  assert.equal(chunked.msgIds.length, 3);
  assert.deepEqual(chunked.metadata.map(({ label }) => label), ["pairs", "pairs", "pairs"]);
  await assert.rejects(async () => await view.map(odd, [1, 2]), CompositeError);

  const seen: number[] = [];
  for await (const value of view.with({ ordered: false }).map(square, [1, 2, 3])) seen.push(value);
  assert.deepEqual(seen.sort(), [1, 4, 9]);

  const id = stage.client.newId();
  const before = view.apply(square, 1);
  await before;
  const named = view.with({ id }).apply(square, 6);
  assert.equal(await named, 36);
  assert.equal(named.msgId, id);
  assert.equal(await stage.client.wait([id]), true);
});

Deno.test("imap lets go of what is under way when its loop is left, and publishes no more of it", async () => {
  const stage = await PureStage.open({ manual: true });
  const { cluster, client } = stage;
  const endless = function* () {
    for (let x = 0;; x++) yield x;
  };
  const run = client.loadBalancedView().with({ maxOutstanding: 40 }).imap(square, endless());
  const first = run.next();
  await cluster.until(() => stage.published.length === 16);
  await cluster.run(stage.published.slice(0, 1));
  assert.deepEqual(await first, { done: false, value: 0 });
  await settleTurn();
  const under = stage.published.length;
  await run.return();
  await cluster.run();
  await settleTurn();
  assert.equal(stage.published.length, under);
  cluster.automatic = true;
  assert.equal(await client.loadBalancedView().apply(square, 3), 9);
  assert.equal(await client.wait(undefined, { timeout: 0 }), true, "nothing is left behind");
});

Deno.test("without engines submissions wait for one, and nothing is published that nobody could hear", async () => {
  const stage = await PureStage.open();
  const { cluster } = stage;
  cluster.session.engines([]);
  const ar = stage.client.loadBalancedView().apply(square, 7);
  await stage.clock.run(60_000);
  assert.equal(stage.published.length, 0);
  assert.equal(ar.ready, false);
  cluster.session.engines(cluster.engines);
  assert.equal(await ar, 49);
});

Deno.test("what is published and not settled is bounded by the slots there are; the rest waits here", async () => {
  const stage = await PureStage.open({ manual: true });
  const inputs = Array.from({ length: 10_000 }, (_, index) => index);
  const map = stage.client.loadBalancedView().map(square, inputs);
  await stage.delivered();
  assert.equal(stage.published.length, 16, "8 for each of the two");
  stage.cluster.automatic = true;
  await stage.cluster.run();
  for (const slice of [4_000, 8_000]) {
    await stage.cluster.until(() => stage.messages.length >= slice);
    await stage.delivered();
    stage.clock.advance(0);
  }
  assert.deepEqual(await map, inputs.map(square));
  assert.equal(stage.published.length, inputs.length);
});

Deno.test("their bytes are bounded too", async () => {
  const stage = await PureStage.open();
  const length = (bytes: Uint8Array) => bytes.length;
  const view = stage.client.loadBalancedView();
  // Seen to be quick, it may be ahead by hundreds.
  stage.cluster.runMs = 0.01;
  await view.map(length, Array.from({ length: 200 }, () => new Uint8Array(10)));
  stage.cluster.manual();
  const before = stage.published.length;
  const size = 60 * 1024;
  view.map(length, Array.from({ length: 1_000 }, () => new Uint8Array(size)));
  await stage.delivered();
  const bytes = (stage.published.length - before) * size;
  assert.ok(bytes > 7 * 1024 * 1024 && bytes < 9 * 1024 * 1024, `${bytes} bytes`);
});

Deno.test("quick tasks share messages, those of a function that was not seen yet never do", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  const inputs = Array.from({ length: 2_000 }, (_, index) => index);
  stage.cluster.runMs = 0.01;
  await view.map(square, inputs.slice(0, 100));
  assert.ok(stage.messages.slice(0, 16).every(({ message }) => message[4].length === 1), "not seen yet");
  const seen = stage.messages.length;
  await view.map(square, inputs);
  const sizes = stage.messages.slice(seen).map(({ message }) => message[4].length);
  assert.ok(Math.max(...sizes) === 32, `at most ${Math.max(...sizes)}`);
  assert.ok(sizes.length < 200, `${sizes.length} messages`);

  const before = stage.messages.length;
  await view.map((x: number) => x + 1, inputs.slice(0, 16));
  assert.equal(stage.messages.length - before, 16);
});

Deno.test("a short map of a quick function still goes to all engines", async () => {
  const stage = await PureStage.open();
  const view = stage.client.loadBalancedView();
  stage.cluster.runMs = 0.01;
  await view.map(square, Array.from({ length: 500 }, (_, index) => index));
  const before = stage.messages.length;
  await view.map(square, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(stage.messages.length - before, 8);
});

Deno.test("big arguments, big code and what no message of this server could hold travel as blobs", async () => {
  const stage = await PureStage.open({ maxPayload: 32 * 1024 });
  const view = stage.client.loadBalancedView();
  const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);
  assert.equal(await view.apply(sum, new Uint8Array(100_000).fill(1)), 100_000);
  assert.equal(await view.apply(sum, new Uint8Array(20_000).fill(1)), 20_000);
  assert.equal(stage.cluster.blobs.size, 2);
  const long = new Function("x", `/* ${"long ".repeat(2_000)} */ return x * 2;`) as (x: number) => number;
  assert.equal(await view.apply(long, 4), 8);
  assert.equal(await view.apply(long, 5), 10);
  assert.equal(stage.cluster.blobs.size, 3);
});

Deno.test("garbage from a host is dropped, whatever it is, and changes nothing", async () => {
  const stage = await PureStage.open({ manual: true });
  const ar = stage.client.loadBalancedView().apply(square, 5);
  await stage.delivered();
  const counter = Number(ar.msgId.split("-")[1]);
  for (const garbage of [null, 7, [7], [[0]], [[0, "u", 3]], [[0, "u", ["x"]]], [["0", "u", [counter]]]]) {
    stage.cluster.session.pureTaken(HOST, garbage as never);
    stage.cluster.session.pureReturned(garbage as never);
  }
  assert.equal(ar.engineId, 0);
  await stage.cluster.run();
  assert.equal(await ar, 25);
});
