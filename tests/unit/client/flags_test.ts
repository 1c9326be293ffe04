import assert from "node:assert/strict";
import { currentTask } from "../../../client/current_task.ts";
import { NO_FLAGS, resolveFlags } from "../../../client/task_flags.ts";
import { DEFAULT_FLAGS } from "../../../protocol/task_spec.ts";
import { FakeCluster } from "./fake_cluster.ts";

Deno.test("flags become what travels, with every default filled in", () => {
  const { task } = resolveFlags(NO_FLAGS, {
    retries: 2,
    backoff: { initial: 100 },
    priority: -1.5,
    targets: [3, 1, 3],
    label: "x",
    timeout: 2_500,
    maxRuntime: 10,
  });
  assert.deepEqual(task, {
    ...DEFAULT_FLAGS,
    retries: 2,
    backoff: { initialMs: 100, factor: 2, maxMs: 30_000, jitter: 0 },
    priority: -1.5,
    targets: [1, 3],
    label: "x",
    timeoutMs: 2_500,
    maxRuntimeMs: 10,
  });
  assert.deepEqual(resolveFlags(NO_FLAGS, { targets: 4 }).task.targets, [4]);
  assert.equal(resolveFlags(NO_FLAGS, { targets: "all" }).task.targets, null);
});

for (
  const [flags, Kind, says] of [
    [{ retrys: 1 }, TypeError, /"retrys".*there are retries, backoff/],
    [{ toString: 1 }, TypeError, /"toString"/],
    [{ retries: -1 }, RangeError, /"retries" to -1: allowed is an integer from 0/],
    [{ retries: 1.5 }, RangeError, /integer/],
    [{ retries: "2" }, TypeError, /to "2"/],
    [{ priority: NaN }, RangeError, /a number/],
    [{ timeout: -5 }, RangeError, /milliseconds/],
    [{ maxRuntime: Infinity }, RangeError, /milliseconds/],
    [{ chunksize: 0 }, RangeError, /an integer from 1/],
    [{ maxOutstanding: 0 }, RangeError, /an integer from 1/],
    [{ ordered: 1 }, TypeError, /true or false/],
    [{ failFast: null }, TypeError, /true or false/],
    [{ returnExceptions: "no" }, TypeError, /true or false/],
    [{ targets: [] }, RangeError, /at least one engine/],
    [{ targets: [-1] }, RangeError, /integer from 0/],
    [{ targets: {} }, TypeError, /engine ids/],
    [{ label: 5 }, TypeError, /a string or null/],
    [{ signal: {} }, TypeError, /AbortSignal/],
    [{ id: "" }, TypeError, /newId/],
    [{ backoff: { initial: -1 } }, RangeError, /backoff\.initial/],
    [{ backoff: {} }, TypeError, /backoff\.initial/],
    [{ backoff: { initial: 1, factor: 0.5 } }, RangeError, /backoff\.factor.*from 1/],
    [{ backoff: { initial: 1, jitter: 2 } }, RangeError, /from 0 to 1/],
    [{ backoff: { initial: 1, wild: 2 } }, TypeError, /backoff\.wild/],
    [{ block: true }, TypeError, /use await/],
    [{ after: 5 }, TypeError, /flag "after" to depend on 5: it is neither a result nor the id/],
    [{ after: "" }, TypeError, /flag "after".*""/],
    [{ follow: ["testsessio-1", "nonsense"] }, TypeError, /flag "follow" to depend on "nonsense"/],
    [{ follow: "testsessio-01" }, TypeError, /"testsessio-01"/],
    [{ after: [null] }, TypeError, /on null/],
    [{ after: Promise.resolve(1) }, TypeError, /neither a result/],
  ] as const
) {
  Deno.test(`${JSON.stringify(flags)} is refused at once, by name`, async () => {
    const lview = (await FakeCluster.start()).client.loadBalancedView();
    for (const set of [lview.setFlags, lview.with, lview.tempFlags] as ((flags: unknown) => unknown)[]) {
      assert.throws(() => set.call(lview, flags), (error: Error) => {
        assert.equal(error.constructor, Kind);
        assert.match(error.message, says);
        return true;
      });
    }
  });
}

Deno.test("setFlags is for good, with makes a new view, tempFlags lasts for a block", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView({ targets: [1] });
  const flagsOf = async (view: typeof lview) => {
    await view.apply(() => 1);
    return cluster.batches.at(-1)?.[2][0]?.[2];
  };
  lview.setFlags({ retries: 1 });
  const other = lview.with({ retries: 2 });
  {
    using _outer = lview.tempFlags({ retries: 3 });
    using _inner = lview.tempFlags({ priority: 4 });
    assert.deepEqual(await flagsOf(lview), [3, 4, [1]]);
  }
  assert.deepEqual(await flagsOf(lview), [1, 0, [1]]);
  assert.deepEqual(await flagsOf(other), [2, 0, [1]]);
});

Deno.test("currentTask() is what the engine left, and outside a task an error that says so", () => {
  assert.throws(() => currentTask(), /does not run in one/);
  const key = Symbol.for("troupe.currentTask");
  const task = { msgId: "a-1" };
  Object.defineProperty(globalThis, key, { value: task, configurable: true });
  try {
    assert.equal(currentTask(), task);
  } finally {
    delete (globalThis as Record<symbol, unknown>)[key];
  }
});

Deno.test("of a long list an error shows the beginning, and of lists in it nothing", () => {
  const endless: unknown[] = [];
  endless.push(endless);
  const targets = [[endless], ...Array.from({ length: 100_000 }, (_, id) => id)];
  assert.throws(() => resolveFlags(NO_FLAGS, { label: targets as never }), {
    name: "TypeError",
    message: 'Cannot set the flag "label" to [[…], 0, 1, 2, 3, 4, 5, 6, …]: allowed is a string or null.',
  });
});
