/** Schemes and marks of real clusters: the user's own module, well-behaved or not, and `hwm` `auto`. @module */
import assert from "node:assert/strict";
import { relative } from "node:path";
import { clusterStatus } from "../../cluster/cluster_status.ts";
import { profilePaths } from "../../cluster/profile.ts";
import { checkSchemeModule } from "../../cluster/scheme_check.ts";
import { Client, Cluster, type ClusterOptions } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { signal } from "./cli_fixture.ts";

interface Started extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: Client;
}

async function startTwo(options: ClusterOptions): Promise<Started> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await within(Cluster.start({ n: 2, ...options }), "the start", 30_000));
  const client = stack.use(await cluster.connect());
  const kept = stack.move();
  return { cluster, client, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A file with the module of a scheme, until the end of the block. */
async function schemeFile(source: string) {
  const path = await Deno.makeTempFile({ prefix: "scheme-", suffix: ".ts" });
  await Deno.writeTextFile(path, source);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

function logged({ cluster }: Started, level: string): string[] {
  const lines = Deno.readTextFileSync(profilePaths(cluster.name).log).trim().split("\n");
  return lines.filter((line) => line.includes("scheme") && JSON.parse(line).level === level);
}

function runTwenty({ client }: Started): Promise<number[]> {
  const inputs = Array.from({ length: 20 }, (_, x) => x);
  return within(client.loadBalancedView().map((x: number) => x + 1, inputs), "twenty tasks");
}

Deno.test("a scheme of the user's own picks, found by a relative path, and may print", async () => {
  await using file = await schemeFile(`
    console.log("loaded");
    export default function last(loads: readonly number[], _random: () => number): number {
      console.log(loads);
      return loads.length - 1;
    }
  `);
  await using started = await startTwo({ scheme: relative(Deno.cwd(), file.path) });
  const view = started.client.loadBalancedView();
  const ids = new Set<number | null>();
  for (let i = 0; i < 10; i++) {
    const result = view.apply(() => 1);
    await within(result, "a lone task");
    ids.add(result.engineId);
  }
  assert.equal(ids.size, 1, "the one that was used last is the last of those that are free");
  const { scheme, schemeProblem } = await clusterStatus(started.cluster.name);
  assert.match(scheme, /^file:.*scheme-/);
  assert.equal(schemeProblem, null);
});

for (
  const [what, body, reason] of [
    ["throws", "throw new Error('no idea')", /no idea/],
    ["returns nonsense", "return NaN", /it returned NaN/],
    ["does not return", "for (;;);", /no answer within 100 ms/],
  ] as const
) {
  Deno.test(`a scheme that ${what} is replaced by leastload at the third time, loudly, and the tasks run`, async () => {
    await using file = await schemeFile(`export default () => { ${body} };`);
    await using started = await startTwo({ scheme: file.path });
    assert.equal((await runTwenty(started))[19], 20);
    const { scheme, schemeProblem } = await clusterStatus(started.cluster.name);
    assert.equal(scheme, "leastload");
    assert.match(schemeProblem ?? "", /failed 3 times/);
    assert.match(schemeProblem ?? "", reason);
    const [warnings, errors] = [logged(started, "warn"), logged(started, "error")];
    assert.deepEqual([warnings.length, errors.length], [2, 1]);
    assert.match(errors[0] ?? "", reason);
  });
}

Deno.test("a scheme's module that hangs while it is imported is found out, and hangs nobody", async () => {
  for (const source of ["for (;;);", "await new Promise(() => setInterval(() => {}, 1_000));", "Deno.exit(0);"]) {
    await using file = await schemeFile(source);
    const url = new URL(`file://${file.path}`).href;
    await assert.rejects(within(checkSchemeModule(url, 1_000), "a refusal", 20_000), {
      name: "TypeError",
      message: /did not load within 1000 ms, or ended the process/,
    });
  }
});

Deno.test("a controller that comes back goes on without a scheme that is gone", async () => {
  const path = await Deno.makeTempFile({ prefix: "scheme-", suffix: ".ts" });
  await Deno.writeTextFile(path, "export default () => 0;");
  await using started = await startTwo({ scheme: path });
  await runTwenty(started);
  const before = await clusterStatus(started.cluster.name);
  await Deno.remove(path);
  signal(before.pid, "SIGKILL");
  assert.equal((await runTwenty(started))[19], 20);
  const { scheme, schemeProblem, epoch } = await clusterStatus(started.cluster.name);
  assert.ok(epoch > before.epoch);
  assert.equal(scheme, "leastload");
  assert.match(schemeProblem ?? "", /can't be imported/);
});

Deno.test("with hwm auto, what is behind a task that turns out to be long is done by the other engine meanwhile", async () => {
  await using started = await startTwo({ hwm: "auto" });
  const view = started.client.loadBalancedView();
  const sleep = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));
  await within(view.map(sleep, new Array<number>(60).fill(1)), "what it is learned from");
  assert.equal((await clusterStatus(started.cluster.name)).hwm, "auto");
  const LONG_MS = 3_000;
  const [long, ...short] = [LONG_MS, ...new Array<number>(12).fill(1)].map((ms) => view.apply(sleep, ms));
  await within(
    new Promise<void>((resolve) => {
      let left = short.length;
      // One may have been in the pipe behind the long one already.
      for (const one of short) void Promise.resolve(one).then(() => --left === 0 && resolve());
    }),
    "the short ones",
    LONG_MS - 500,
  );
  assert.equal(long?.ready, false);
  await within(Promise.all([long, ...short]), "the end");
});

for (const scheme of ["lru", "plainrandom", "twobin", "weighted"]) {
  Deno.test(`a cluster with the scheme ${scheme} works, and says that it uses it`, async () => {
    await using started = await startTwo({ scheme, hwm: 2 });
    assert.equal((await runTwenty(started))[19], 20);
    assert.equal((await clusterStatus(started.cluster.name)).scheme, scheme);
  });
}
