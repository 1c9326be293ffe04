/** `Cluster.start`: engines on order, permissions, two clusters at once, a blocked program, a killed controller. @module */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { Client, Cluster, RemoteError } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { familyOf, gone, kill } from "./cli_fixture.ts";

/** The process that runs a cluster. */
function hostOf(cluster: Cluster): number {
  return JSON.parse(Deno.readTextFileSync(`${dirname(cluster.connection.file)}/lock.json`)).pid;
}

function pids(client: Client): Promise<number[]> {
  return within(client.directView().apply(() => Deno.pid), "the pids of the engines");
}

Deno.test("engines are started, stopped, restarted and signalled on order, and two clusters do not meet", async () => {
  await using cluster = await Cluster.start({ n: 2 });
  await using other = await Cluster.start({ n: 1 });
  assert.notEqual(cluster.name, other.name);
  await using client = await cluster.connect();
  await using stranger = await other.connect();
  assert.deepEqual([client.ids, stranger.ids], [[0, 1], [0]]);

  assert.deepEqual(await cluster.startEngines(1), [2]);
  await client.waitForEngines(3);
  const before = await pids(client);
  await cluster.stopEngines([1]);
  await gone(before[1] ?? 0);
  await cluster.restartEngines([0]);
  await client.waitForEngines(2);
  const after = await pids(client);
  assert.deepEqual(client.ids, [0, 2], "a restarted engine keeps its id, one that was stopped does not come back");
  assert.notEqual(after[0], before[0]);
  assert.equal(after[1], before[2]);

  await cluster.signalEngines("SIGKILL", [2]);
  await gone(after[1] ?? 0);
  const value = await within(
    cluster.restartEngines([2]).then(() => client.waitForEngines(2)).then(() => pids(client)),
    "a killed engine's return",
    15_000,
  );
  assert.notEqual(value[1], after[1]);

  await assert.rejects(cluster.startEngines(0), RangeError);
  await assert.rejects(within(cluster.restartEngines([0, 1]), "a refusal"), {
    name: "RangeError",
    message: /engine 1/,
  });
  const [restarted, stopped] = [cluster.restartEngines([2]), cluster.stopEngines([2])];
  await assert.rejects(within(restarted, "the news that it was stopped"), { name: "EngineError", message: /engine 2/ });
  await within(stopped, "the stop");
  await assert.rejects(cluster.signalEngines("SIGNOTHING" as Deno.Signal, [0]), /"SIGNOTHING": it is no signal/);
  await cluster.stop();
  assert.equal(await stranger.loadBalancedView().apply((x: number) => x + 1, 1), 2, "the other one goes on");
  await assert.rejects(cluster.startEngines(1), { name: "ConnectionError", message: /it has ended/ });
});

Deno.test("a program that blocks its thread costs its cluster nothing", async () => {
  await using cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  const job = lview.map((x: number) => [x, Deno.pid], [1, 2, 3]);
  const [[, pid] = []] = await job;
  const late = lview.map((x: number) => [x, Deno.pid], [1, 2, 3]);
  await lview.apply(() => {});
  // Longer than the three heartbeats after which a silent node is given up.
  const blockedUntil = performance.now() + 4_000;
  while (performance.now() < blockedUntil);
  assert.deepEqual(await within(late, "what was submitted before"), [[1, pid], [2, pid], [3, pid]]);
  assert.equal(await within(lview.apply(() => Deno.pid), "what is submitted afterwards"), pid);
});

Deno.test("a killed controller comes back on its port; engines keep working; every task completes exactly once", async () => {
  const log = await Deno.makeTempFile({ prefix: "troupe-test-" });
  await using cluster = await Cluster.start({ n: 2, permissions: { write: [log] } });
  await using client = await cluster.connect();
  const host = hostOf(cluster);
  const before = familyOf(host);
  const numbers = Array.from({ length: 40 }, (_, index) => index);
  const task = async (n: number, path: string) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    Deno.writeTextFileSync(path, `${n}\n`, { append: true });
    return n * 2;
  };
  const job = client.loadBalancedView().map(task, numbers, numbers.map(() => log));
  const results: number[] = [];
  for await (const value of job) {
    results.push(value);
    if (results.length === 3) { for (const pid of before.controllers) await kill(pid); }
  }
  assert.deepEqual(results, numbers.map((n) => n * 2));
  const ran = (await Deno.readTextFile(log)).trim().split("\n").map(Number).sort((a, b) => a - b);
  assert.deepEqual(ran, numbers, "each of them ran once");
  const after = familyOf(host);
  assert.deepEqual(after.engines, before.engines);
  assert.equal(after.controllers.length, 1);
  assert.notDeepEqual(after.controllers, before.controllers);
  assert.equal(await client.loadBalancedView().apply((x: number) => x, 5), 5);
  for (const pid of after.controllers) await kill(pid);
  assert.deepEqual(await within(cluster.startEngines(1), "an engine, named by the next controller", 15_000), [2]);
  await using late = await Client.connect({ connectionFile: cluster.connection.file });
  assert.deepEqual(late.ids, [0, 1, 2], "where the connection file says");
  await Deno.remove(log);
});

Deno.test("tasks may touch what they are granted, and never the credentials", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  await Deno.writeTextFile(`${folder}/in`, "inside");
  const outside = await Deno.makeTempFile({ prefix: "troupe-test-" });
  const read = (path: string) => Deno.readTextFileSync(path);
  const refused = async (run: PromiseLike<unknown>, hint: RegExp) => {
    await assert.rejects(async () => await run, (error: unknown) => {
      assert.ok(error instanceof RemoteError);
      assert.equal(error.remoteName, "NotCapable");
      assert.match(error.message, hint);
      return true;
    });
  };
  const [bare, some, all] = await Promise.all([
    Cluster.start({ n: 1 }),
    Cluster.start({ n: 1, permissions: { read: [folder] } }),
    Cluster.start({ n: 1, permissions: "inherit" }),
  ]);
  await using _bare = bare;
  await using _some = some;
  await using _all = all;
  await using bareClient = await bare.connect();
  await using someClient = await some.connect();
  await using allClient = await all.connect();
  const [nothing, reads, inherits] = [bareClient, someClient, allClient].map((client) => client.loadBalancedView());
  assert.ok(nothing && reads && inherits);

  await refused(nothing.apply(read, outside), /--allow-read/);
  await refused(nothing.apply(() => Deno.connect({ port: 9 }).then(() => {})), /--allow-net/);
  await refused(nothing.apply(() => Deno.env.get("TROUPE_TOKEN")), /--allow-env/);
  assert.equal(await reads.apply(read, `${folder}/in`), "inside");
  await refused(reads.apply(read, outside), /--allow-read/);
  assert.equal(await inherits.apply(read, outside), "");
  await refused(inherits.apply(read, all.connection.file), /read access/);
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(outside);
});

Deno.test("without any permission nothing is imported", async () => {
  await using cluster = await Cluster.start({ n: 1, permissions: "none" });
  await using client = await cluster.connect();
  const lview = client.loadBalancedView();
  assert.equal(await lview.apply((x: number) => x + 1, 1), 2);
  const specifier = `http://127.0.0.1:1/${crypto.randomUUID()}.ts`;
  await assert.rejects(
    async () => await lview.apply((url: string) => import(url).then(() => {}), specifier),
    RemoteError,
  );
});

Deno.test("a client whose cluster was stopped is told so, and waits for nothing", async () => {
  const cluster = await Cluster.start({ n: 1 });
  await using client = await cluster.connect();
  const endless = client.loadBalancedView().apply(() => new Promise(() => setInterval(() => {}, 1_000)));
  const refused = assert.rejects(within(endless.get(), "the end of what waits", 20_000), (error: Error) => {
    assert.match(error.message, /it was stopped, or its process ended\. Its tasks ended with it/);
    return true;
  });
  await kill(hostOf(cluster));
  await refused;
  await cluster.stop();
});
