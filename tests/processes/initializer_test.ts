/** Engines that run a module of the user's before they are ready. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cluster, currentTask } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture } from "./cli_fixture.ts";

const LIMIT_MS = 30_000;

/** A folder with modules in it. */
async function modules(files: Readonly<Record<string, string>>) {
  const folder = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

const LOADS = {
  "base.ts": "export const base: number = 40;",
  "load.ts": `import { base } from "./base.ts";
export default async function load() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  globalThis.loads = (globalThis.loads ?? 0) + 1;
  return { sum: (x: number) => base + x };
}`,
};

const ask = () => {
  const { sum } = currentTask().state as { sum(x: number): number };
  return [sum(2), (globalThis as { loads?: number }).loads];
};

Deno.test("each engine has run the initializer once before it takes tasks, also after a restart", async () => {
  await using files = await modules(LOADS);
  await using cluster = await Cluster.start({ n: 2, initializer: join(files.folder, "load.ts") });
  await using client = await cluster.connect();
  const all = client.directView();
  assert.deepEqual(await within(all.apply(ask), "the sums", LIMIT_MS), [[42, 1], [42, 1]]);
  await cluster.restartEngines([0]);
  await client.waitForEngines(2, { timeout: LIMIT_MS });
  assert.deepEqual(await within(all.apply(ask), "the sums", LIMIT_MS), [[42, 1], [42, 1]]);
});

Deno.test("a start whose initializer throws fails with what it threw", async () => {
  await using files = await modules({ "bad.ts": `export default () => { throw new Error("no model here"); };` });
  const start = Cluster.start({ n: 1, initializer: join(files.folder, "bad.ts") });
  await assert.rejects(within(start, "the refusal", LIMIT_MS), /Cannot start engine .*no model here/);
});

Deno.test("an initializer that is no function, no module or not there is refused with the reason", async () => {
  await using files = await modules({ "value.ts": "export default 1;", "broken.ts": "export default (" });
  const start = (name: string) => Cluster.start({ n: 1, initializer: join(files.folder, name) });
  await assert.rejects(start("none.ts"), { name: "RangeError", message: /there is no such file/ });
  await assert.rejects(within(start("broken.ts"), "the refusal", LIMIT_MS), /Cannot load the initializer/);
  await assert.rejects(within(start("value.ts"), "the refusal", LIMIT_MS), /is number, and not a function/);
});

Deno.test("on the command line it is --initializer, of start as of run", async () => {
  await using files = await modules({
    ...LOADS,
    "script.ts": `import { Client, currentTask } from "${import.meta.resolve("../../mod.ts")}";
await using client = await Client.connect();
console.log(await client.loadBalancedView().apply(() => (currentTask().state as { sum(x: number): number }).sum(3)));`,
  });
  await using fixture = await CliFixture.create();
  const args = ["run", "-n", "1", "--initializer", join(files.folder, "load.ts"), join(files.folder, "script.ts")];
  const { code, stdout, stderr } = await fixture.run(args);
  assert.deepEqual([code, stdout], [0, "43"], stderr);
});
