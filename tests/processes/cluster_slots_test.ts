/** A cluster whose engines run several tasks at a time, as its client sees it. @module */
import assert from "node:assert/strict";
import { Client, Cluster, currentTask, EngineError, RemoteError, TaskTimeout } from "../../mod.ts";
import { clusterStatus } from "../../cluster/cluster_status.ts";
import { within } from "../../testing/within.ts";

const LIMIT_MS = 15_000;

/** A task that runs until it is aborted. */
function waitForAbort(client: Client, signal: AbortSignal) {
  return client.loadBalancedView().with({ signal }).apply(() =>
    new Promise<void>((resolve) => currentTask().signal.addEventListener("abort", () => resolve()))
  );
}

/** Resolves when the hub has told of so many that run. */
async function running(results: readonly { readonly engineId: number | null }[], count: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const look = setInterval(() => {
    const known = results.filter(({ engineId }) => engineId !== null).length;
    if (known >= count) resolve(known);
  }, 10);
  return await within(promise, `${count} running tasks`, LIMIT_MS).finally(() => clearInterval(look));
}

Deno.test("an engine with four slots runs four tasks at a time, and the client is told of each", async () => {
  await using cluster = await Cluster.start({ n: 1, slots: 4 });
  await using client = await cluster.connect();
  const { engines } = await clusterStatus(cluster.name);
  assert.deepEqual(engines.map(({ slots }) => slots), [4]);

  const most = await client.loadBalancedView().map(async (name: number) => {
    const shared = globalThis as unknown as { seen?: { now: number; most: number } };
    const seen = shared.seen ??= { now: 0, most: 0 };
    seen.most = Math.max(seen.most, ++seen.now);
    console.log("task", name);
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("task", name);
    seen.now--;
    return seen.most;
  }, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(most, new Array(8).fill(4));

  const abort = new AbortController();
  const waiting = Array.from({ length: 6 }, () => waitForAbort(client, abort.signal));
  assert.equal(await running(waiting, 4), 4);
  assert.deepEqual(waiting.map(({ engineId }) => engineId), [0, 0, 0, 0, null, null]);
  abort.abort();
  for (const result of waiting) await assert.rejects(within(result, "an abort"), { name: "TaskAborted" });
});

Deno.test("one task that fails by itself, or outruns its time, has its own error, and the others theirs", async () => {
  await using cluster = await Cluster.start({ n: 1, slots: 3 });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  const good = view.apply(() => new Promise<string>((resolve) => setTimeout(resolve, 300, "good")));
  const bad = view.apply(() => {
    setTimeout(() => {
      throw new RangeError("in a timer");
    }, 20);
    return new Promise<void>(() => {});
  });
  const failed = await within(bad.get().catch((error) => error), "the failure", LIMIT_MS);
  assert.ok(failed instanceof RemoteError && failed.cause instanceof RangeError, String(failed));
  assert.equal(await within(good, "the good one", LIMIT_MS), "good");

  const abort = new AbortController();
  const beside = waitForAbort(client, abort.signal);
  const retried = view.with({ retries: 1 }).apply(() => {
    if (currentTask().attempt === 2) return "again";
    return new Promise<string>(() => {});
  });
  await running([beside, retried], 2);
  const slow = view.with({ maxRuntime: 200 }).apply(() => new Promise<void>(() => {}));
  const late = await within(slow.get().catch((error) => error), "the time-out", LIMIT_MS);
  assert.ok(late instanceof TaskTimeout, String(late));
  const died = await within(beside.get().catch((error) => error), "the death", LIMIT_MS);
  assert.ok(died instanceof EngineError, String(died));
  assert.match(died.message, /died while it ran .*ran longer than its maxRuntime of 200 ms/);
  assert.equal(await within(retried, "the second attempt", LIMIT_MS), "again");
});
