/** A machine that sleeps: all its processes stand still together, and nobody is taken for dead when they wake. @module */
import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, familyOf, signal } from "./cli_fixture.ts";

Deno.test("a host, its controller and its engines that stood still for longer than the heartbeats go on where they were", async () => {
  await using fixture = await CliFixture.create();
  const start = fixture.spawn(["start", "-n", "2"]);
  await start.errorLine(/is running/);
  await using client = await Client.connect({ connectionFile: fixture.connectionFile() });
  const begun = Promise.withResolvers<void>();
  using _ = client.onOutput(() => begun.resolve());
  const view = client.loadBalancedView();
  const job = view.apply(() => {
    console.log("in");
    return new Promise<number>((resolve) => setTimeout(() => resolve(Deno.pid), 500));
  });
  await within(begun.promise, "the task", 10_000);
  const { controllers, engines } = familyOf(start.pid);
  const family = [start.pid, ...controllers, ...engines];
  for (const pid of family) signal(pid, "SIGSTOP");
  // Five heartbeats.
  assert.equal(await job.wait({ timeout: 5_000 }), false);
  for (const pid of family) signal(pid, "SIGCONT");
  assert.ok(engines.includes(await within(job, "its result", 15_000)));
  assert.equal(job.metadata.attempts, 1);
  const { hosts, engines: shown } = JSON.parse((await fixture.run(["status", "--json"])).stdout);
  assert.deepEqual(hosts.map(({ alive }: { alive: boolean }) => alive), [true]);
  assert.deepEqual(shown.map(({ restarts, state }: { restarts: number; state: string }) => [restarts, state]), [
    [0, "idle"],
    [0, "idle"],
  ]);
});
