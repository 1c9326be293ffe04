/** Controllers that stand by: whoever leads dies, stops or is replaced, and the work goes on. @module */
import assert from "node:assert/strict";
import { gone, kill, signal } from "./cli_fixture.ts";
import { startLoad } from "./mixed_load.ts";
import { killWhole, runFile, StandbyLab, standbyTest } from "./standby_lab.ts";

const TAKE_OVER_MS = 5_000;

/** The longest time in which no task began. */
function longestPause(starts: readonly number[]): number {
  return Math.max(...starts.slice(1).map((at, index) => at - (starts[index] ?? at)));
}

standbyTest("leaders that are killed, with or without their hosts, are followed, and each task runs once", async () => {
  await using file = await runFile();
  await using lab = await StandbyLab.start({ controllers: 3 });
  await using client = await lab.connect();
  const load = startLoad(client, file.path);
  const first = await lab.leader();
  await kill(first.pid);
  await client.queueStatus();
  const second = await lab.leader(first.epoch);
  assert.notEqual(second.pid, first.pid);
  killWhole(lab.hostOf(second).command.pid, second.pid);
  await client.queueStatus();
  const third = await lab.leader(second.epoch);
  assert.notEqual(third.pid, second.pid);
  await client.loadBalancedView().apply(() => 1);
  const { wrongRuns, starts } = await load.finish();
  assert.deepEqual(wrongRuns, []);
  assert.ok(longestPause(starts) < TAKE_OVER_MS, `${longestPause(starts)} ms without a start`);
});

standbyTest("a leader that stood still finds out that another leads, and stands by from then on", async () => {
  await using file = await runFile();
  await using lab = await StandbyLab.start({ controllers: 2 });
  await using client = await lab.connect();
  const load = startLoad(client, file.path);
  const first = await lab.leader();
  await client.queueStatus();
  const host = lab.hostOf(first);
  signal(first.pid, "SIGSTOP");
  const second = await lab.leader(first.epoch);
  await client.loadBalancedView().apply(() => 1);
  signal(first.pid, "SIGCONT");
  await gone(first.pid);
  await host.command.errorLine(/controller died/);
  killWhole(lab.hostOf(second).command.pid, second.pid);
  const third = await lab.leader(second.epoch);
  assert.equal(lab.hostOf(third), host);
  await client.loadBalancedView().apply(() => 1);
  const { wrongRuns } = await load.finish();
  assert.deepEqual(wrongRuns, []);
});

standbyTest("controllers are replaced one after the other, and no client sees an error", async () => {
  await using file = await runFile();
  await using lab = await StandbyLab.start({ controllers: 2 });
  await using client = await lab.connect();
  const load = startLoad(client, file.path);
  for (const { command } of [...lab.controllers]) {
    const next = await lab.add("standby");
    await next.command.errorLine(/stands by on/);
    command.signal("SIGTERM");
    await client.queueStatus();
    assert.equal((await command.ended()).code, 0);
    await client.hubHistory();
  }
  const { wrongRuns, starts } = await load.finish();
  assert.deepEqual(wrongRuns, []);
  assert.ok(longestPause(starts) < TAKE_OVER_MS, `${longestPause(starts)} ms without a start`);
});
