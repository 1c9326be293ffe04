/** What ends a task that will not end, or takes too much: abort, `maxRuntime`, memory; and what its engine does then. @module */
import assert from "node:assert/strict";
import { type Client, Cluster, EngineError, type LoadBalancedView, TaskAborted, TaskTimeout } from "../../mod.ts";
import { within } from "../../testing/within.ts";

/** From the verdict until the engine works again, besides what the start of a process takes on this machine just now. */
const BACK_LIMIT_MS = 3_000;

/** Resolves when a task of this client prints "in". */
function entered(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const watch = client.onOutput(({ text }) => {
      if (text !== "in") return;
      watch[Symbol.dispose]();
      resolve();
    });
  });
}

function failureOf(result: PromiseLike<unknown>): Promise<Error> {
  const failed = Promise.resolve(result).then((value) => assert.fail(`it came to ${value}`), (error: Error) => error);
  return within(failed, "the failure of a task", 20_000);
}

/** What it says of a task that fails with the engine. */
async function deathOf(view: LoadBalancedView, f: () => unknown): Promise<string> {
  const error = await failureOf(view.apply(f));
  assert.ok(error instanceof EngineError, String(error));
  return error.message;
}

Deno.test("a busy loop that is aborted, or past its maxRuntime: the client knows at once, the engine is back soon", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  const restarted = performance.now();
  await cluster.restartEngines([0]);
  const limitMs = BACK_LIMIT_MS + performance.now() - restarted;
  const loop = () => {
    console.log("in");
    for (;;);
  };
  const begun = entered(client);
  const job = view.with({ retries: 3 }).apply(loop);
  await within(begun, "the loop", 10_000);
  const aborted = performance.now();
  await job.abort();
  assert.ok(await within(failureOf(job), "TaskAborted", 1_000) instanceof TaskAborted);
  const pid = await view.apply(() => Deno.pid);
  assert.ok(performance.now() - aborted < limitMs, `back after ${performance.now() - aborted} ms`);

  const late = await failureOf(view.with({ maxRuntime: 200 }).apply(loop));
  assert.ok(late instanceof TaskTimeout, String(late));
  assert.match(late.message, /maxRuntime of 200 ms/);
  const ended = performance.now();
  assert.notEqual(await view.apply(() => Deno.pid), pid);
  assert.ok(performance.now() - ended < limitMs, `back after ${performance.now() - ended} ms`);
});

Deno.test("an engine past its memory limit ends, whatever it filled, and its task says how much it used", async () => {
  await using cluster = await Cluster.start({ n: 2, engineMemory: "256MB" });
  await using client = await cluster.connect();
  const [bad, good] = [client.loadBalancedView({ targets: 0 }), client.loadBalancedView({ targets: 1 })];
  const before = await good.apply(() => Deno.pid);

  const arrays = await deathOf(bad, async () => {
    const all: Uint8Array[] = [];
    for (;;) {
      all.push(new Uint8Array(4_000_000).fill(1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  assert.match(arrays, /engine 0 died while it ran \(its process used (2[5-9]|[34])\d+ MB of memory, .* 256 MB/);
  assert.match(arrays, /\(--engine-memory\); cut the task into smaller ones, or give engines more/);

  const loop = await deathOf(bad, () => {
    const all: Uint8Array[] = [];
    for (let x = 0;; x++) all.push(new Uint8Array(1_000_000).fill(x));
  });
  assert.match(loop, /its process used \d+ MB of memory, and an engine may use 256 MB/);

  const heap = await deathOf(bad, () => {
    const all: unknown[] = [];
    for (;;) all.push({ x: Math.random(), y: [1, 2, 3] });
  });
  assert.match(heap, /\d+ MB .*an engine may use 256 MB \(--engine-memory\)/);

  // Garbage is none of it: V8 collects in time.
  assert.equal(await bad.apply(() => Array.from({ length: 400 }, (_, x) => new Array(250_000).fill(x)[7]).length), 400);
  assert.equal(await good.apply(() => Deno.pid), before);
});

Deno.test("a memory limit that can't be meant is refused before anything starts", async () => {
  for (const engineMemory of ["512", "lots", "64MB", "-1GB", 1_000, NaN, 1.5e30]) {
    await assert.rejects(Cluster.start({ n: 1, engineMemory }), (error: Error) => {
      assert.ok(error instanceof RangeError, String(error));
      assert.match(error.message, /engineMemory .*: it is a number and a unit .* at least 128MB/);
      return true;
    });
  }
});

Deno.test("a task that kills every engine it meets costs its retries and no more", async () => {
  await using cluster = await Cluster.start({ n: 3 });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  const poison = view.with({ retries: 4 }).apply(() => Deno.exit(7));
  const others = view.map((x: number) => x + 1, Array.from({ length: 300 }, (_, x) => x));
  assert.deepEqual(await within(others, "the other tasks", 20_000), Array.from({ length: 300 }, (_, x) => x + 1));
  assert.ok(await failureOf(poison) instanceof EngineError);
  assert.equal(poison.metadata.attempts, 5);
  await client.waitForEngines(3, { timeout: 15_000 });
  assert.deepEqual(client.ids, [0, 1, 2]);
});

Deno.test("errors outside any task end nothing: the engine goes on with the next task", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  const pid = await view.apply(() => {
    setTimeout(() => {
      throw new Error("thrown after the end");
    }, 1);
    setTimeout(() => void Promise.reject(new Error("rejected after the end")), 1);
    return Deno.pid;
  });
  // It begins after both timers, and ends after what they did.
  await view.apply(() => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.equal(await view.apply(() => Deno.pid), pid);
});

Deno.test("an engine that is stopped while it works, for longer than its pings may take, goes on where it was", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const view = client.loadBalancedView();
  const begun = entered(client);
  const job = view.apply(() => {
    console.log("in");
    return new Promise<number>((resolve) => setTimeout(() => resolve(Deno.pid), 200));
  });
  await within(begun, "the task", 10_000);
  await cluster.signalEngines("SIGSTOP", [0]);
  // Four heartbeats: an idle one would be replaced after three.
  assert.equal(await job.wait({ timeout: 4_000 }), false);
  await cluster.signalEngines("SIGCONT", [0]);
  assert.equal(await within(job, "its result", 5_000), await view.apply(() => Deno.pid));
  assert.equal(job.metadata.attempts, 1);
});
