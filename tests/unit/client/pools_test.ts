import assert from "node:assert/strict";
import { piscinaOn } from "../../../client/piscina_pool.ts";
import { workerpoolOn } from "../../../client/workerpool_pool.ts";
import { RemoteError, TaskAborted, TimeoutError } from "../../../wire/errors.ts";
import { FakeCluster } from "./fake_cluster.ts";

/** A worker file that is its own address. */
const WORKER = "data:text/javascript," + encodeURIComponent(`
  export default ({ a, b }) => a + b;
  export function fails() { throw new RangeError("no"); }
  export const double = async (x) => 2 * x;
`);

Deno.test("a Piscina pool calls the default export, another one by name, and counts", async () => {
  const cluster = await FakeCluster.start();
  const Piscina = piscinaOn(cluster.client.loadBalancedView());
  const pool = new Piscina({ filename: WORKER, maxThreads: 4 });
  let drained = 0;
  pool.on("drain", () => drained++);
  assert.equal(await pool.run({ a: 4, b: 6 }), 10);
  assert.equal(await pool.run(4, { name: "double" }), 8);
  await assert.rejects(
    pool.run(1, { name: "fails" }),
    (error) => error instanceof RemoteError && /no/.test(error.message),
  );
  await assert.rejects(pool.run(1, { name: "absent" }), /exports no such function; it exports default, double, fails/);
  assert.deepEqual([pool.completed, pool.queueSize, drained], [4, 0, 4]);
  await pool.close();
  await assert.rejects(pool.run({ a: 1, b: 1 }), /was shut down/);
});

Deno.test("a Piscina task ends with AbortError at its signal, and destroy() aborts the rest", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const Piscina = piscinaOn(cluster.client.loadBalancedView());
  const pool = new Piscina({ filename: WORKER, maxQueue: 2 });
  const controller = new AbortController();
  const aborted = assert.rejects(pool.run({ a: 1, b: 1 }, { signal: controller.signal }), { name: "AbortError" });
  const destroyed = assert.rejects(pool.run({ a: 1, b: 1 }), TaskAborted);
  assert.equal(pool.queueSize, 2);
  await assert.rejects(pool.run({ a: 1, b: 1 }), /Task queue is at limit: 2/);
  controller.abort();
  await aborted;
  await assert.rejects(pool.run({ a: 1, b: 1 }, { signal: controller.signal }), { name: "AbortError" });
  await pool.destroy();
  await destroyed;
});

Deno.test("a pool wants a worker file by its full address", async () => {
  const cluster = await FakeCluster.start();
  const Piscina = piscinaOn(cluster.client.loadBalancedView());
  assert.throws(() => new Piscina({ filename: "./worker.js" }), /import\.meta\.resolve\("\.\/worker\.js"\)/);
  await assert.rejects(new Piscina().run(1), /no filename was given/);
});

Deno.test("a workerpool runs functions with parameters, and exports by name and by proxy", async () => {
  const cluster = await FakeCluster.start();
  const workerpool = workerpoolOn(cluster.client.loadBalancedView());
  const pool = workerpool.pool(WORKER, { maxWorkers: 2 });
  assert.equal(await pool.exec((a: number, b: number) => a * b, [3, 4]), 12);
  assert.equal(await pool.exec("double", [4]), 8);
  const proxy = await pool.proxy<{ double(x: number): Promise<number> }>();
  const eight: number = await proxy.double(4);
  assert.equal(eight, 8);
  let always = 0;
  await pool.exec("fails").always(() => always++);
  assert.equal(always, 1);
  assert.equal(pool.stats().pendingTasks + pool.stats().activeTasks, 0);
  await pool.terminate();
  assert.throws(() => pool.exec(() => 1), /was shut down/);
  await assert.rejects(workerpool.pool().proxy(), /has no worker file/);
});

Deno.test("a workerpool task is cancelled, or aborted after its timeout", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const pool = workerpoolOn(cluster.client.loadBalancedView()).pool();
  await assert.rejects(Promise.resolve(pool.exec(() => 1).cancel()), TaskAborted);
  await assert.rejects(Promise.resolve(pool.exec(() => 1).timeout(1)), TimeoutError);
  const forced = assert.rejects(Promise.resolve(pool.exec(() => 1)), TaskAborted);
  await pool.terminate(true);
  await forced;
});
