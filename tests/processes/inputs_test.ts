/** Results of tasks in the arguments of others, on two hosts; and results that another client asks for. @module */
import assert from "node:assert/strict";
import { type AsyncResult, ImpossibleDependency, UnknownTask } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { fileAppears } from "./file_appears.ts";
import { RemoteLab } from "./remote_lab.ts";

/** What engines define for tasks. */
declare const currentTask: () => { readonly engineId: number };

const BIG = 1024 * 1024;

/** A cluster of two hosts with two engines each, and the ids of those of the second. */
async function twoHosts() {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await RemoteLab.open(1));
  const [far] = lab.hosts;
  assert.ok(far);
  const allowed = `--allow-write=${lab.home}`;
  const start = lab.run(["start", "-n", "2", "--listen", lab.address, "--name", lab.cluster, "--drain", "0", allowed]);
  await start.says(/is running/);
  const file = `${far.home}/host.json`;
  await Deno.copyFile(`${lab.home}/${lab.cluster}/host.json`, file);
  const flags = ["--connection", file, "--drain", "0", allowed, `--allow-read=${lab.home}`];
  await far.run(["engines", "-n", "2", ...flags]).says(/engines joined/);
  const client = stack.use(await lab.connect());
  await client.waitForEngines(4, { timeout: 10_000 });
  const owned = stack.move();
  return { lab, client, far: [2, 3], [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test("a task runs on the host that has its big input, and elsewhere where all engines there are busy", async () => {
  await using cluster = await twoHosts();
  const { lab, client, far } = cluster;
  const lview = client.loadBalancedView();
  const [maker = -1] = far;
  const made = lview.with({ targets: [maker] }).apply((bytes: number) => new Uint8Array(bytes).fill(7), BIG);
  const where = (bytes: Uint8Array) => [currentTask().engineId, bytes.length, bytes.at(-1)];
  // Named while it is not there yet, and when it is.
  assert.deepEqual(await within(lview.apply(where, made), "the first", 10_000), [maker, BIG, 7]);
  await made;
  assert.deepEqual(await within(lview.apply(where, made), "the second", 10_000), [maker, BIG, 7]);

  const until = `${lab.home}/until`;
  const busy = far.map((target) =>
    lview.with({ targets: [target] }).apply(
      async (mine: string, until: string) => {
        Deno.writeTextFileSync(mine, "");
        for (;;) {
          try {
            return Deno.statSync(until).isFile;
          } catch {
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        }
      },
      `${lab.home}/busy-${target}`,
      until,
    )
  );
  for (const target of far) await fileAppears(`${lab.home}/busy-${target}`);
  const [elsewhere, ...rest] = await within(lview.apply(where, made), "the third", 10_000);
  assert.ok(!far.includes(elsewhere ?? -1), `it ran on ${elsewhere}`);
  assert.deepEqual(rest, [BIG, 7]);
  Deno.writeTextFileSync(until, "");
  await Promise.all(busy);
});

Deno.test("results stand for their values wherever they are in arguments, of balanced and of direct tasks", async () => {
  await using cluster = await twoHosts();
  const lview = cluster.client.loadBalancedView();
  const dview = cluster.client.directView();
  const one = lview.apply(() => 1);
  const squares = lview.with({ chunksize: 2 }).map((x: number) => x * x, [1, 2, 3]);
  const everywhere = dview.apply(() => "x");
  // deno-lint-ignore no-explicit-any -- results deep inside are beyond the types
  const seen = (value: any) => value;
  const value = { deep: [one, new Map([["squares", squares]])], everywhere };
  const expected = { deep: [1, new Map([["squares", [1, 4, 9]]])], everywhere: ["x", "x", "x", "x"] };
  assert.deepEqual(await within(lview.apply(seen, value), "the balanced task", 10_000), expected);
  assert.deepEqual(await within(cluster.client.at(2).apply(seen, value), "the direct task", 10_000), expected);
  const chained = lview.map((x: number) => x + 1, [lview.apply(() => 1), one]);
  assert.deepEqual(await within(chained, "the map", 10_000), [2, 2]);

  const failing: AsyncResult<number> = lview.apply((): number => {
    throw new Error("no result");
  });
  await assert.rejects(
    lview.apply((x: number) => x, failing).get({ timeout: 10_000 }),
    (error) => error instanceof ImpossibleDependency && /one of its inputs/.test(error.message),
  );
});

Deno.test("another client gets results by their ids: finished, running, of chunks, failed, and big ones", async () => {
  await using cluster = await twoHosts();
  const { client, lab } = cluster;
  await using other = await lab.connect();
  const lview = client.loadBalancedView();
  const done = lview.apply((x: number) => x + 1, 1);
  const chunks = lview.with({ chunksize: 2 }).map((x: number) => x * x, [1, 2, 3]);
  const big = lview.apply((bytes: number) => new Uint8Array(bytes).fill(3), BIG);
  const failed = lview.apply(() => {
    throw new RangeError("too far");
  });
  await Promise.allSettled([done, chunks, big, failed]);
  const slow = lview.with({ label: "slow", after: done }).apply(() =>
    new Promise<string>((resolve) => setTimeout(() => resolve("late"), 300))
  );
  // In the very turn that submits it.
  const later = other.getResult(slow.msgId);
  assert.equal(await other.wait(later, { timeout: 10_000 }), true);
  assert.equal(await later, "late");
  const { label, after, submitted } = later.metadata;
  assert.deepEqual([label, after], ["slow", [done.msgId]]);
  assert.ok(Math.abs(submitted - slow.metadata.submitted) < 1_000);
  const ids = [done.msgId, ...chunks.msgIds];
  assert.deepEqual(await within(other.getResult(ids), "the results", 10_000), [2, [1, 4], [9]]);
  assert.equal((await within(other.getResult(big.msgId), "the big one", 10_000) as Uint8Array).length, BIG);
  await assert.rejects(other.getResult(failed.msgId).get({ timeout: 10_000 }), /too far/);
  await assert.rejects(other.getResult([done.msgId, "nobody-1"]).get({ timeout: 10_000 }), UnknownTask);
  assert.deepEqual(await other.loadBalancedView().apply((x: unknown) => x, other.getResult(done.msgId)), 2);
});
