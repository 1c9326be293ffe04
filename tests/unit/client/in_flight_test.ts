import assert from "node:assert/strict";
import { InFlight } from "../../../client/in_flight.ts";
import { TaskBatch } from "../../../client/task_batch.ts";
import { DEFAULT_FLAGS } from "../../../protocol/task_spec.ts";
import { FakeCluster, settleTurn } from "./fake_cluster.ts";

const MB = 1024 * 1024;
const numbers = (length: number) => Array.from({ length }, (_, index) => index);

Deno.test("what is in flight is enough at the bound of bytes or of tasks, until half of the room is free", () => {
  const byBytes = new InFlight({ bytes: 100, tasks: Infinity });
  byBytes.add(1, 60);
  assert.equal(byBytes.full, false);
  byBytes.add(2, 60);
  assert.equal(byBytes.full, true);
  assert.equal(byBytes.remove(1), false);
  assert.equal(byBytes.full, true);
  assert.equal(byBytes.remove(2), true);
  assert.equal(byBytes.full, false);

  const byTasks = new InFlight({ bytes: Infinity, tasks: 2 });
  for (const counter of [1, 2]) byTasks.add(counter, 0);
  assert.equal(byTasks.full, true);
  assert.deepEqual([7, 1, 1, 2].map((counter) => byTasks.remove(counter)), [false, true, false, false]);
});

Deno.test("a task that is counted twice counts once, and a new receiver has nothing", () => {
  const inFlight = new InFlight({ bytes: 100, tasks: 10 });
  for (let times = 0; times < 5; times++) inFlight.add(1, 90);
  assert.equal(inFlight.full, false);
  inFlight.add(2, 90);
  assert.equal(inFlight.full, true);
  inFlight.clear();
  assert.equal(inFlight.full, false);
});

Deno.test("a client that floods the scheduler with big arguments sends no more than 256 MB ahead of their results", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const lview = cluster.client.loadBalancedView();
  const sent = () => cluster.batches.flatMap(([, , , rows]) => rows.map(([, , args]) => (args as Uint8Array).length));
  const bytesSent = () => sent().reduce((sum, length) => sum + length, 0);
  const tasks = 4_800;
  let ended = 0;
  for (let round = 0; round < tasks / 100; round++) {
    for (const _ of numbers(100)) lview.apply((b: Uint8Array) => b.length, new Uint8Array(60_000)).then(() => ended++);
    await settleTurn();
  }
  await settleTurn();
  assert.ok(bytesSent() >= 256 * MB && bytesSent() < 262 * MB, `${bytesSent()} bytes`);

  const first = [...cluster.tasks.keys()];
  cluster.settle(...first.slice(0, 100).map((counter) => cluster.done(counter, 0)));
  await settleTurn();
  assert.equal(sent().length, first.length, "a little room is no reason to send");
  cluster.settle(...first.slice(100).map((counter) => cluster.done(counter, 0)));
  await cluster.until(() => sent().length === tasks);
  cluster.settle(...numbers(tasks).slice(first.length).map((counter) => cluster.done(counter, 0)));
  await settleTurn();
  assert.equal(ended, tasks);
});

Deno.test("what names others of its turn is sent as a whole, since these may be the last of it", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const { client } = cluster;
  const last = client.newId();
  const waiting = client.loadBalancedView().with({ after: last });
  const bytes = new Uint8Array(60_000);
  const tasks = 4_600;
  for (const _ of numbers(tasks)) waiting.apply((b: Uint8Array) => b.length, bytes);
  client.loadBalancedView().with({ id: last }).apply(() => 1);
  await cluster.until(() => cluster.tasks.size === tasks + 1);
});

Deno.test("a host gets no more than 10,000 direct tasks of a client ahead of their results", async () => {
  const cluster = (await FakeCluster.start()).manual();
  const tasks = 12_000;
  let ended = 0;
  for (const x of numbers(tasks)) cluster.client.at(0).apply((x: number) => x, x).then(() => ended++);
  await settleTurn();
  assert.ok(cluster.tasks.size >= 10_000 && cluster.tasks.size <= 12_000 - 1, `${cluster.tasks.size} tasks`);
  await cluster.run();
  await cluster.until(() => cluster.tasks.size > 0 || ended === tasks);
  while (ended < tasks) {
    await cluster.run();
    await settleTurn();
  }
});

Deno.test("what functions captured counts like arguments", () => {
  const table = new TaskBatch<number>(new Set());
  const code = { hash: "h", name: "f", source: new Uint8Array(10), modules: [] };
  const template = { code, flags: DEFAULT_FLAGS, captures: new Uint8Array(50_000), message: ["h", "f", [], null] };
  const task = (counter: number, args: number) => ({ counter, template, args: new Uint8Array(args) });
  for (const each of [task(0, 10), task(1, 10), task(2, 2_000)]) table.add(each as never, () => 0);
  assert.deepEqual(table.sizes, [[0, 50_020], [2, 2_000]]);
});
