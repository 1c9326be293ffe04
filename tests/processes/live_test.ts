/** What tasks show while they run arrives while they run, by both ways to an engine; and their ends say it again. @module */
import assert from "node:assert/strict";
import { type AsyncResult, Cluster, currentTask, EngineError } from "../../mod.ts";

declare const globalThis: { currentTask: typeof currentTask };

/** Resolves once the result shows it; looked at whenever a line of it comes. */
async function shows(client: Awaited<ReturnType<Cluster["connect"]>>, condition: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _ = client.onOutput(() => condition() && resolve());
  if (!condition()) await promise;
}

/** Prints, shows, and runs until it is told to end; gives the event loop no turn on the way. */
const busy = () => {
  const task = globalThis.currentTask();
  task.publish({ step: 1 });
  task.progress(0.25, "a quarter");
  console.log("working");
  console.error("slowly");
  const end = Date.now() + 60_000;
  while (Date.now() < end);
};

/** The same, but ends when it is aborted. */
const patient = async () => {
  const task = globalThis.currentTask();
  task.publish({ step: 1 });
  task.progress(0.25, "a quarter");
  console.log("waiting");
  await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
};

Deno.test("lines, data and progress arrive while the task runs, balanced and direct, busy and waiting", async () => {
  await using cluster = await Cluster.start({ n: 2 });
  await using client = await cluster.connect();
  const balanced = client.loadBalancedView().apply(busy);
  const direct = client.at(1 - await engineOf(client, balanced)).apply(patient);
  for (const result of [balanced, direct] as AsyncResult<unknown>[]) {
    await shows(client, () => result.stdout !== "");
    assert.match(result.stdout, /^w\w+ing\n$/);
    assert.deepEqual(result.metadata.data, { step: 1 });
    assert.deepEqual(result.metadata.progress, { fraction: 0.25, text: "a quarter" });
    assert.equal(result.ready, false);
    result.abort();
  }
  await Promise.all([balanced.wait(), direct.wait()]);
});

async function engineOf(client: Awaited<ReturnType<Cluster["connect"]>>, result: AsyncResult<unknown>) {
  await shows(client, () => result.engineId !== null);
  return result.engineId ?? 0;
}

Deno.test("what was shown last comes with the end, also of a task that takes its engine down", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const deadly = lview.apply(() => {
    console.log("last words");
    Deno.exit(3);
  });
  await assert.rejects(Promise.resolve(deadly), EngineError);
  assert.equal(deadly.stdout, "last words\n");
  const quick = lview.apply(() => {
    for (let step = 0; step <= 1_000; step++) globalThis.currentTask().publish(step);
    console.log("done");
  });
  await quick;
  assert.deepEqual([quick.metadata.data, quick.stdout], [1_000, "done\n"]);
});

Deno.test("a task that prints in a loop floods nobody, and its result has all of it", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  let lines = 0;
  using _ = client.onOutput(() => void lines++);
  const loop = client.loadBalancedView().apply(() => {
    for (let line = 0; line < 100_000; line++) console.log("x".repeat(9));
  });
  await loop;
  assert.equal(loop.stdout.length, 1_000_000);
  assert.equal(lines, 100_000);
});

Deno.test("too much to publish is the task's own error", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const greedy = client.loadBalancedView().apply(() => globalThis.currentTask().publish("x".repeat(100_000)));
  await assert.rejects(Promise.resolve(greedy), /Cannot publish 100\d{3} bytes: .* has 65536 at most/);
});
