/** A controller with a store that is killed again and again, at any instant: what was accepted settles once. @module */
import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { NatsServer } from "../../testing/nats_server.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, kill } from "./cli_fixture.ts";
import { startLoad } from "./mixed_load.ts";
import { runFile, standbyTest } from "./standby_lab.ts";

const SEED = Number(Deno.env.get("KILLS_SEED") ?? 7);
const KILLS = 8;
const SETTLE_LIMIT_MS = 60_000;

function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Tasks of a client that is closed when they are accepted; their ids and values. */
async function leaveTasks(fixture: CliFixture, path: string): Promise<Map<string, string>> {
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  const keys = Array.from({ length: 20 }, (_, index) => `left${index}`);
  const job = client.loadBalancedView().map(async (key: string) => {
    await Deno.writeTextFile(path, `${key} ${Date.now()}\n`, { append: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    return key;
  }, keys);
  void Promise.resolve(job).catch(() => {});
  // Answered when what was submitted before is in the store.
  await client.hubHistory();
  return new Map(job.msgIds.map((id, index) => [id, keys[index] ?? ""]));
}

/** Kills the controller so often; each time the present one, as early or late as chance wills. */
async function killOften(host: number, draw: (below: number) => number, client: Client): Promise<void> {
  for (let blow = 0; blow < KILLS; blow++) {
    // Half of them are on their way up when it hits them.
    if (draw(2) === 0) await client.queueStatus();
    await new Promise((resolve) => setTimeout(resolve, 50 + draw(500)));
    for (const pid of familyOf(host).controllers) await kill(pid);
  }
}

/** `once`: nothing ran twice. */
async function killsUnderLoad(flags: readonly string[], once: boolean): Promise<void> {
  await using file = await runFile();
  await using fixture = await CliFixture.create();
  const started = await fixture.run(["start", "-n", "2", "--allow-write", "--allow-read", "--daemon", ...flags]);
  assert.equal(started.code, 0, started.stderr);
  const host: number = JSON.parse(await Deno.readTextFile(`${fixture.home}/default/lock.json`)).pid;
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  const load = startLoad(client, file.path);
  const left = await leaveTasks(fixture, file.path);
  await killOften(host, chance(SEED), client);
  const results = await within(
    client.getResult([...left.keys()]),
    "the tasks of the client that is gone",
    SETTLE_LIMIT_MS,
  );
  assert.deepEqual(results, [...left.values()]);
  const { wrongRuns, rounds } = await load.finish();
  if (once) assert.deepEqual(wrongRuns, [], `seed ${SEED}, after ${rounds} rounds`);
  const lines = (await Deno.readTextFile(file.path)).split("\n").filter((line) => line.startsWith("left"));
  if (once) assert.equal(lines.length, left.size, "each ran once");
  // Else it would look for the next controller.
  await client.close();
  assert.equal((await fixture.run(["stop"])).code, 0);
}

// What it knew last may be lost with "none": then it is run again.
for (const durability of ["none", "process"]) {
  Deno.test(`with SQLite and durability "${durability}" a controller may be killed ${KILLS} times (seed ${SEED})`, () =>
    killsUnderLoad(["--store", "sqlite", "--durability", durability], durability !== "none"));
}

standbyTest(`with JetStream a controller may be killed ${KILLS} times (seed ${SEED})`, async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await killsUnderLoad(["--store", "jetstream", "--nats", server.url], true);
});
