/** Arguments that lay only on a host that died: their client brings them again. @module */
import assert from "node:assert/strict";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, gone } from "./cli_fixture.ts";
import { Client } from "../../mod.ts";

/** What the host of these engines is, by the ids. */
async function hostOf(fixture: CliFixture, engine: number): Promise<number> {
  const { stdout } = await fixture.run(["status", "--json"]);
  const { engines, hosts } = JSON.parse(stdout);
  const { host } = engines.find(({ id }: { id: number }) => id === engine);
  return hosts.find(({ id }: { id: string }) => id === host).pid;
}

Deno.test("a task whose big arguments, captures and code went down with a host gets them again from its client", async () => {
  await using fixture = await CliFixture.create();
  assert.equal((await fixture.run(["start", "-n", "1", "--daemon"])).code, 0);
  const second = fixture.spawn(["engines", "-n", "1"]);
  await second.errorLine(/joined the cluster/);
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  await client.waitForEngines(2, { timeout: 10_000 });
  const doomed = await hostOf(fixture, 1);
  assert.notEqual(doomed, await hostOf(fixture, 0));

  const view = client.loadBalancedView({ targets: 0 });
  const first = view.apply(() => new Promise(() => {}));
  const padding = "x".repeat(300_000);
  const jobs = Array.from({ length: 8 }, (_, index) => {
    const big = new Uint8Array(1_000_000).fill(index);
    const captured = padding + index;
    return view.apply((bytes: Uint8Array) => [bytes.length, bytes[17], captured.length], big);
  });
  // What waits behind the first one has been placed when the scheduler knows it.
  await within(
    (async () => {
      while ((await client.queueStatus()).unassigned < jobs.length - 1) await first.wait({ timeout: 20 });
    })(),
    "all tasks to be queued",
    15_000,
  );
  const { engines } = familyOf(doomed);
  second.signal("SIGKILL");
  await gone(doomed);
  for (const pid of engines) await gone(pid);
  await first.abort();
  const results = await within(Promise.all(jobs), "the tasks behind it", 30_000);
  assert.deepEqual(results, jobs.map((_, index) => [1_000_000, index, 300_001]));
  assert.ok(jobs.every((job) => job.metadata.attempts === 1));
});
