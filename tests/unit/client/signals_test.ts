/** Everything that takes a signal: it ends at its abort with its reason, and leaves no listener behind. @module */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { CompositeError, TaskAborted } from "../../../wire/errors.ts";
import type { Client } from "../../../client/client.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

interface Waiting {
  /** Waits for what will not come, with the signal. */
  readonly wait: (client: Client, signal: AbortSignal) => Promise<unknown>;
  /** What it rejects with; default: the signal's reason. */
  readonly rejects?: object;
}

/** An input that never gives anything. */
function stuck(): AsyncIterable<number> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
}

const REASON = new Error("enough");

const TABLE: Readonly<Record<string, Waiting>> = {
  "AsyncResult.get": { wait: (client, signal) => client.loadBalancedView().apply(() => 1).get({ signal }) },
  "AsyncResult.wait": { wait: (client, signal) => client.loadBalancedView().apply(() => 1).wait({ signal }) },
  "Client.wait": {
    wait: (client, signal) => {
      client.loadBalancedView().apply(() => 1);
      return client.wait(undefined, { signal });
    },
  },
  "Client.waitForEngines": { wait: (client, signal) => client.waitForEngines(100, { signal }) },
  "Executor.shutdown": {
    wait: (client, signal) => {
      const { executor } = client.loadBalancedView();
      executor.submit(() => 1);
      return executor.shutdown({ signal });
    },
  },
  "the flag of apply": {
    wait: (client, signal) => Promise.resolve(client.loadBalancedView().with({ signal }).apply(() => 1)),
    rejects: TaskAborted,
  },
  "the flag of map": {
    wait: (client, signal) =>
      client.loadBalancedView().with({ signal, failFast: true }).map((x: number) => x, [1]).get(),
    rejects: { name: "CompositeError" },
  },
  "the flag of imap, with tasks in flight": {
    wait: (client, signal) => client.loadBalancedView().with({ signal }).imap((x: number) => x, [1, 2]).next(),
    rejects: TaskAborted,
  },
  "the flag of imap, with an input that gives nothing": {
    wait: (client, signal) => client.loadBalancedView().with({ signal }).imap((x: number) => x, stuck()).next(),
  },
};

/** Another client's, of which the controller knows nothing more yet. */
const OTHERS = "otherclien-4";

/** Questions, orders and what else asks somebody before it ends. */
const ASKING: Readonly<Record<string, Waiting["wait"]>> = {
  "Client.explain": (client, signal) => client.explain(OTHERS, { signal }),
  "Client.story": (client, signal) => client.story(OTHERS, { signal }),
  "Client.resultStatus": (client, signal) => client.resultStatus(OTHERS, { signal }),
  "Client.queueStatus": (client, signal) => client.queueStatus({ verbose: true, signal }),
  "Client.hubHistory": (client, signal) => client.hubHistory({ signal }),
  "Client.dbQuery": (client, signal) => client.dbQuery({}, { signal }),
  "Client.purgeResults": (client, signal) => client.purgeResults("all", { signal }),
  "Client.shutdown": (client, signal) => client.shutdown({ targets: 0, signal }),
  "Client.shutdown with the hub": (client, signal) => client.shutdown({ hub: true, signal }),
  "Client.signal": (client, signal) => client.signal("SIGINT", { signal }),
  "DirectView.shutdown": (client, signal) => client.at(1).shutdown({ signal }),
};

for (const [name, wait] of Object.entries(ASKING)) {
  Deno.test(`${name} ends at the abort of its signal, and leaves no listener`, async () => {
    const cluster = await FakeCluster.start();
    cluster.questions.gate = cluster.orderGate = new Promise(() => {});
    const controller = new AbortController();
    const ended = assert.rejects(wait(cluster.client, controller.signal), REASON);
    await settleTurn();
    assert.ok(getEventListeners(controller.signal, "abort").length > 0, "it listens");
    const asked = cluster.questions.asked.length + cluster.orders.length;
    assert.ok(asked > 0, "it asked");
    controller.abort(REASON);
    await ended;
    await settleTurn();
    assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
    assert.equal(cluster.questions.asked.length + cluster.orders.length, asked, "it asks no more");
  });

  Deno.test(`${name} asks nobody where its signal is aborted`, async () => {
    const cluster = await FakeCluster.start();
    await assert.rejects(wait(cluster.client, AbortSignal.abort(REASON)), REASON);
    await settleTurn();
    assert.deepEqual([cluster.questions.asked, cluster.orders], [[], []]);
  });

  Deno.test(`${name} refuses a signal that is none`, async () => {
    const cluster = await FakeCluster.start();
    await assert.rejects(wait(cluster.client, "soon" as never), { name: "TypeError", message: /an AbortSignal/ });
  });
}

Deno.test("the signal of getResult ends the waiting for what is not there yet, and aborts no task", async () => {
  const cluster = (await FakeCluster.start()).manual();
  cluster.questions.watchWords.push(["running"]);
  const own = cluster.client.loadBalancedView().apply(() => 1);
  const controller = new AbortController();
  const results = [OTHERS, own].map((job) => cluster.client.getResult([job], controller));
  await settleTurn();
  controller.abort(REASON);
  for (const result of results) {
    await assert.rejects(result.get(), (error) => error instanceof CompositeError && error.errors[0] === REASON);
  }
  assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
  await cluster.run();
  assert.equal(await own, 1);
  assert.deepEqual(cluster.aborts, []);
});

Deno.test("getResult with a signal that is aborted asks nobody; one that is not is let go with the result", async () => {
  const cluster = await FakeCluster.start();
  const { signal } = new AbortController();
  const own = cluster.client.loadBalancedView().apply(() => 1);
  assert.equal(await cluster.client.getResult(own, { signal }), 1);
  assert.deepEqual(getEventListeners(signal, "abort"), []);
  await assert.rejects(cluster.client.getResult(OTHERS, { signal: AbortSignal.abort(REASON) }).get(), REASON);
  assert.deepEqual(cluster.questions.asked, []);
});

Deno.test("the signal of resubmit aborts the new tasks, before and after they are sent", async () => {
  const cluster = await FakeCluster.start();
  const own = cluster.client.loadBalancedView().apply(() => 1);
  await own;
  const early = cluster.client.resubmit(own, { signal: AbortSignal.abort(REASON) });
  await assert.rejects(early.get(), TaskAborted);
  assert.deepEqual([cluster.questions.asked, cluster.batches.length], [[], 1]);
  cluster.manual();
  const controller = new AbortController();
  const late = cluster.client.resubmit([own], { signal: controller.signal });
  await cluster.until(() => cluster.batches.length === 2);
  controller.abort(REASON);
  await assert.rejects(
    late.get(),
    (error) => error instanceof CompositeError && error.errors[0] instanceof TaskAborted,
  );
  assert.deepEqual(cluster.aborts, [late.msgId]);
  assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
});

Deno.test("what is submitted with a signal that is aborted goes nowhere, on either view", async () => {
  const cluster = await FakeCluster.start();
  const signal = AbortSignal.abort(REASON);
  await assert.rejects(cluster.client.loadBalancedView().with({ signal }).apply(() => 1).get(), TaskAborted);
  const view = cluster.client.at(0).with({ signal });
  for (const result of [view.apply(() => 1), view.pull("x"), view.push({ x: 1 }), view.execute("1")]) {
    await assert.rejects(result.get(), TaskAborted);
  }
  await settleTurn();
  assert.deepEqual([cluster.batches, cluster.directBatches], [[], []]);
});

for (const [name, { wait, rejects = REASON }] of Object.entries(TABLE)) {
  Deno.test(`${name} ends at the abort of its signal, and leaves no listener`, async () => {
    const cluster = (await FakeCluster.start()).manual();
    const controller = new AbortController();
    const ended = assert.rejects(wait(cluster.client, controller.signal), rejects);
    await Promise.resolve();
    assert.ok(getEventListeners(controller.signal, "abort").length > 0, "it listens");
    controller.abort(REASON);
    await ended;
    assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
    await cluster.client.close();
  });
}

for (
  const [name, use] of Object.entries({
    apply: (client: Client, signal: AbortSignal) => client.loadBalancedView().with({ signal }).apply(() => 1).get(),
    "a map of many": (client: Client, signal: AbortSignal) =>
      client.loadBalancedView().with({ signal }).map((x: number) => x, Array.from({ length: 50 }, (_, x) => x)).get(),
    get: (client: Client, signal: AbortSignal) => client.loadBalancedView().apply(() => 1).get({ signal }),
    imap: (client: Client, signal: AbortSignal) =>
      Array.fromAsync(client.loadBalancedView().with({ signal }).imap((x: number) => x, [1, 2, 3])),
    "imap that is left": async (client: Client, signal: AbortSignal) => {
      for await (const _ of client.loadBalancedView().with({ signal }).imap((x: number) => x, [1, 2, 3])) break;
    },
    executor: async (client: Client, signal: AbortSignal) => {
      await using executor = client.loadBalancedView().with({ signal }).executor;
      executor.submit(() => 1);
    },
  })
) {
  Deno.test(`what ended well leaves no listener on its signal: ${name}`, async () => {
    const cluster = await FakeCluster.start();
    const { signal } = new AbortController();
    await use(cluster.client, signal);
    await cluster.client.wait();
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });
}
