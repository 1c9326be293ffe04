/** Everything that takes a signal: it ends at its abort with its reason, and leaves no listener behind. @module */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { TaskAborted } from "../../../wire/errors.ts";
import type { Client } from "../../../client/client.ts";
import { FakeCluster } from "./fake_cluster.ts";

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
