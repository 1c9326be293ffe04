/** The scheme `pure` with real processes, on either carrier: spread, refusals, and what deaths and stops cost. @module */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { type AsyncResult, type Client, Cluster, EngineError } from "../../mod.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, kill, signal } from "./cli_fixture.ts";
import { fileAppears } from "./file_appears.ts";

const found = await findNatsServer();
const CARRIERS: readonly { readonly name: string; readonly missing?: string; start?(): Promise<NatsServer> }[] = [
  { name: "the embedded broker" },
  "path" in found
    ? { name: "a nats-server", start: () => NatsServer.start({ path: found.path }) }
    : { name: "a nats-server", missing: found.missing },
];

const SETTLE_LIMIT_MS = 40_000;

/** A cluster, a client of it, and a folder that tasks may write into. */
interface Stage {
  readonly cluster: Cluster;
  readonly client: Client;
  readonly server: NatsServer | null;
  readonly folder: string;
}

/** A test on each carrier. */
function pureTest(name: string, n: number, run: (stage: Stage) => Promise<void>): void {
  for (const { name: carrier, missing, start } of CARRIERS) {
    Deno.test({
      name: `on ${carrier}: ${name}${missing === undefined ? "" : ` [skipped: ${missing}]`}`,
      ignore: missing !== undefined,
      async fn() {
        await using stack = new AsyncDisposableStack();
        const folder = await Deno.makeTempDir({ prefix: "troupe-pure-" });
        stack.defer(() => Deno.remove(folder, { recursive: true }));
        const server = start === undefined ? null : stack.use(await start());
        const where = server === null ? {} : { nats: server.url };
        const cluster = stack.use(
          await Cluster.start({ n, scheme: "pure", permissions: { write: [folder] }, ...where }),
        );
        const client = stack.use(await cluster.connect());
        await client.waitForEngines(n, { timeout: 15_000 });
        await run({ cluster, client, server, folder });
      },
    });
  }
}

function hostOf(cluster: Cluster): number {
  return JSON.parse(Deno.readTextFileSync(`${dirname(cluster.connection.file)}/lock.json`)).pid;
}

/** What engines define for tasks. */
declare const currentTask: () => { readonly engineId: number };

/** Says in a file of its own that it began, each time that it does, and in one of its engine; takes a while. */
const slow = (name: string, folder: string, ms: number): Promise<string> => {
  Deno.writeTextFileSync(`${folder}/on-${currentTask().engineId}`, "began\n");
  Deno.writeTextFileSync(`${folder}/${name}`, "began\n", { append: true });
  return new Promise((resolve) => setTimeout(() => resolve(name), ms));
};

const names = (count: number, prefix = "task") => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function submit(client: Client, tasks: readonly string[], folder: string, ms: number): AsyncResult<string>[] {
  return tasks.map((name) => client.loadBalancedView().apply(slow, name, folder, ms));
}

async function outcomes(results: readonly AsyncResult<string>[]): Promise<PromiseSettledResult<string>[]> {
  return await within(Promise.allSettled(results), "the end of all tasks", SETTLE_LIMIT_MS);
}

/** Every task ended: done under its own name, or with `EngineError`; none began twice. The failed ones. */
async function checkEnds(
  results: readonly AsyncResult<string>[],
  tasks: readonly string[],
  folder: string,
): Promise<AsyncResult<string>[]> {
  const ends = await outcomes(results);
  ends.forEach((end, index) => {
    if (end.status === "fulfilled") assert.equal(end.value, tasks[index]);
    else assert.ok(end.reason instanceof EngineError, String(end.reason));
  });
  for (const { name } of Deno.readDirSync(folder)) {
    // Empty where its engine was killed in the middle of the word.
    assert.match(Deno.readTextFileSync(`${folder}/${name}`), /^(began\n)?$/, `${name} began once`);
  }
  return results.filter((_, index) => ends[index]?.status === "rejected");
}

pureTest("a map's results come in order, from all engines, and what can't be had is refused", 2, async ({ client }) => {
  const view = client.loadBalancedView();
  const inputs = Array.from({ length: 3_000 }, (_, index) => index);
  const map = view.map((x: number) => x * x, inputs);
  assert.deepEqual(await within(map, "the map", SETTLE_LIMIT_MS), inputs.map((x) => x * x));
  assert.deepEqual(new Set(map.engineId), new Set([0, 1]));
  assert.equal(map.metadata.every(({ attempts, status }) => attempts === 1 && status === "done"), true);

  for (const flags of [{ retries: 1 }, { targets: 0 }, { timeout: 10 }, { priority: 1 }, { maxRuntime: 10 }]) {
    const [flag] = Object.keys(flags);
    await assert.rejects(async () => await view.with(flags).apply(() => 1), {
      name: "TypeError",
      message: new RegExp(`flag "${flag}".*"pure"`),
    });
  }
  const slowOne = view.apply(() => new Promise<string>((resolve) => setTimeout(() => resolve("done"), 200)));
  assert.throws(() => slowOne.abort(), { name: "TypeError", message: /Cannot abort/ });
  assert.equal(await within(slowOne, "a task that was not aborted"), "done");

  await assert.rejects(
    async () =>
      await view.apply(() => {
        throw new RangeError("on purpose");
      }),
    /on purpose/,
  );
  const big = await within(view.apply((bytes: Uint8Array) => bytes, new Uint8Array(3_000_000).fill(7)), "a big value");
  assert.equal(big.length, 3_000_000);
  assert.deepEqual(await within(client.directView().apply(() => 1), "a direct view"), [1, 1]);
});

pureTest("SIGKILL of an engine fails what it had taken, that alone, and it comes back", 2, async (stage) => {
  const { client, folder } = stage;
  const pids = await within(client.directView().apply(() => Deno.pid), "the pids");
  const tasks = names(14);
  const results = submit(client, tasks, folder, 150);
  const victim = 0;
  await fileAppears(`${folder}/on-${victim}`);
  signal(pids[victim], "SIGKILL");
  const failed = await checkEnds(results, tasks, folder);
  assert.ok(failed.length >= 1);
  assert.deepEqual(new Set(failed.map(({ engineId }) => engineId)), new Set([victim]));
  for (const { metadata } of failed) assert.match(String(metadata.error), /had taken it, died .*nobody runs it again/);

  await client.waitForEngines(2, { timeout: 15_000 });
  const map = client.loadBalancedView().map((x: number) => x, Array.from({ length: 200 }, (_, index) => index));
  await within(map, "a map afterwards");
  assert.deepEqual(new Set(map.engineId), new Set([0, 1]), "the new process takes tasks");
});

pureTest(
  "engines that are stopped and restarted on request finish what they run, and lose nothing",
  3,
  async (stage) => {
    const { cluster, client, folder } = stage;
    const tasks = names(30);
    const results = submit(client, tasks, folder, 100);
    await fileAppears(`${folder}/${tasks[0]}`);
    await Promise.all([cluster.stopEngines([2]), cluster.restartEngines([1])]);
    assert.deepEqual(await checkEnds(results, tasks, folder), []);
    for (const name of tasks) assert.ok(Deno.statSync(`${folder}/${name}`).isFile, `${name} ran`);
  },
);

pureTest(
  "SIGKILL of a host fails what its engines had taken; a host that ends in order loses nothing",
  1,
  async (stage) => {
    const { cluster, client, folder } = stage;
    await using cli = await CliFixture.create();
    const joining = ["engines", "-n", "1", "--connection", cluster.connection.file, `--allow-write=${folder}`];
    const orderly = cli.spawn(joining);
    await orderly.errorLine(/joined/);
    await client.waitForEngines(2, { timeout: 15_000 });
    const first = names(16, "first");
    const early = submit(client, first, folder, 150);
    await fileAppears(`${folder}/${first[0]}`);
    orderly.signal("SIGTERM");
    assert.deepEqual(await checkEnds(early, first, folder), []);
    await orderly.ended();

    const doomed = cli.spawn(joining);
    await doomed.errorLine(/joined/);
    await client.waitForEngines(2, { timeout: 15_000 });
    const there = client.ids.at(-1) ?? -1;
    // So that it is known, and quick to answer.
    await within(client.at(there).apply(() => 1), "a word of it");
    const tasks = names(16, "second");
    const results = submit(client, tasks, folder, 150);
    await fileAppears(`${folder}/on-${there}`);
    await kill(doomed.pid);
    const failed = await checkEnds(results, tasks, folder);
    assert.ok(failed.some(({ engineId }) => engineId === there), "it had taken some");
    for (const { engineId, metadata } of failed) {
      assert.ok(engineId === there || engineId === null, `engine ${engineId}`);
      assert.match(String(metadata.error), /its host .* is gone|no engine said within/);
    }
    assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task afterwards"), 2);
  },
);

pureTest("a controller and a server that are killed hang no task, run none twice, and are back", 2, async (stage) => {
  const { cluster, client, server, folder } = stage;
  const tasks = names(60);
  const results = submit(client, tasks, folder, 60);
  await fileAppears(`${folder}/${tasks[0]}`);
  for (const pid of familyOf(hostOf(cluster)).controllers) await kill(pid);
  if (server !== null) {
    await server.kill();
    await server.restart();
  }
  await checkEnds(results, tasks, folder);
  await client.waitForEngines(2, { timeout: 15_000 });
  assert.equal(await within(client.loadBalancedView().apply((x: number) => x + 1, 1), "a task afterwards", 20_000), 2);
});

Deno.test("start --scheme pure: clients that find the cluster by its file learn its scheme", async () => {
  await using cli = await CliFixture.create();
  const started = await cli.run(["start", "-n", "1", "--scheme", "pure", "--daemon"]);
  assert.equal(started.code, 0, started.stderr);
  const script = await cli.file(
    "script.ts",
    `import { Client } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
     await using client = await Client.connect();
     const view = client.loadBalancedView();
     console.log(await view.apply((x) => x + 1, 41));
     await view.with({ retries: 1 }).apply(() => 1).catch((error) => console.log(error.name));`,
  );
  const { stdout, stderr } = await cli.spawnModule(script).ended();
  assert.equal(stdout.trim(), "42\nTypeError", stderr);
  assert.match((await cli.run(["status"])).stdout, /scheme pure/);
  assert.equal((await cli.run(["stop"])).code, 0);
});
