/** What `--store sqlite` keeps: tasks and results outlive the controller, and the whole cluster. @module */
import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, gone, kill, signal } from "./cli_fixture.ts";

const START = ["start", "-n", "2", "--store", "sqlite", "--allow-write", "--allow-read"];

async function pidOf(fixture: CliFixture): Promise<number> {
  return JSON.parse(await Deno.readTextFile(`${fixture.home}/default/lock.json`)).pid;
}

function connect(fixture: CliFixture): Promise<Client> {
  return Client.connect({ connectionFile: fixture.connectionFile() });
}

Deno.test("a controller that is killed goes on where it was, though the client is gone", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run([...START, "--daemon"])).code, 0);
  const host = await pidOf(fixture);
  const ids: string[] = [];
  // Tasks may not look into the profile directory.
  const file = await Deno.makeTempFile();
  await Deno.remove(file);
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  {
    await using client = await connect(fixture);
    const lview = client.loadBalancedView().with({ retries: 1 });
    const done = lview.apply((x: number) => x * 2, 21);
    assert.equal(await done, 42);
    const gate = async (path: string, value: number) => {
      while (true) {
        try {
          await Deno.stat(path);
          return value;
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const held = lview.map(gate, Array.from({ length: 6 }, () => file), [0, 1, 2, 3, 4, 5]);
    const after = lview.with({ after: held }).apply((a: number, b: number) => a + b, done, 1);
    ids.push(...done.msgIds, ...held.msgIds, ...after.msgIds);
    await client.queueStatus();
  }
  const [controller] = familyOf(host).controllers;
  await kill(controller ?? -1);
  await Deno.writeTextFile(file, "");
  await using client = await connect(fixture);
  const results = await within(client.getResult(ids), "the results of the client that is gone", 30_000);
  assert.deepEqual(results, [42, 0, 1, 2, 3, 4, 5, 43]);
  const records = await client.dbQuery({ status: "done" }, { keys: ["msgId"] });
  assert.equal(records.length, ids.length);
});

Deno.test("a cluster that is killed as a whole is started again with its tasks and results", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run([...START, "--daemon", "--durability", "power"])).code, 0);
  const host = await pidOf(fixture);
  const { controllers, engines } = familyOf(host);
  const ids: string[] = [];
  {
    await using client = await connect(fixture);
    const lview = client.loadBalancedView();
    const done = lview.map((x: number) => x + 1, [1, 2, 3]);
    await done;
    const queued = lview.map(async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return x;
    }, [10, 20, 30, 40, 50, 60, 70, 80]);
    ids.push(...done.msgIds, ...queued.msgIds);
    await client.queueStatus();
  }
  signal(host, "SIGKILL");
  for (const pid of [host, ...controllers, ...engines]) await gone(pid);
  assert.equal((await fixture.run(["clean"])).code, 0);
  const again = await fixture.run([...START, "--daemon"]);
  assert.equal(again.code, 0, again.stderr);
  await using client = await connect(fixture);
  const results = await within(client.getResult(ids), "the results of the cluster before", 30_000);
  assert.deepEqual(results, [2, 3, 4, 10, 20, 30, 40, 50, 60, 70, 80]);
  assert.equal(await client.loadBalancedView().apply(() => "new"), "new");
  assert.equal((await fixture.run(["stop"])).code, 0);
});

Deno.test("a store that can't be used is an error before anything is accepted", async () => {
  await using fixture = await CliFixture.create();
  await Deno.mkdir(`${fixture.home}/default`);
  await Deno.writeTextFile(
    `${fixture.home}/default/store.sqlite`,
    "this is no database, though it is long enough ".repeat(40),
  );
  const { code, stderr } = await fixture.run(START);
  assert.equal(code, 1);
  assert.match(stderr, /store\.sqlite/);
  assert.doesNotMatch(stderr, /\n\s+at /);
  assert.throws(() => Deno.statSync(fixture.connectionFile()), Deno.errors.NotFound);
});
