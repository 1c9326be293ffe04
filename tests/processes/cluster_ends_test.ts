/** A cluster ends with the program that started it, however that ends. @module */
import assert from "node:assert/strict";
import { findSetpriv } from "../../host/engine_command.ts";
import { Cluster } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, gone } from "./cli_fixture.ts";

const PROGRAM = new URL("cluster_program.ts", import.meta.url).pathname;

for (const [how, code] of [["exit", 3], ["throw", 1], ["SIGKILL", 137], ["SIGINT", 130]] as const) {
  Deno.test({
    name: `a program that ends by ${how} leaves no process and no file of its cluster, though a task loops`,
    ignore: findSetpriv() === null,
    async fn() {
      await using fixture = await CliFixture.create();
      const program = fixture.spawnModule(PROGRAM, [how]);
      const pids: number[] = JSON.parse(await program.line(/^\[/));
      assert.equal(pids.length, 3);
      if (how === "SIGKILL" || how === "SIGINT") program.signal(how);
      assert.equal((await program.ended()).code, code);
      for (const pid of pids) await gone(pid);
      assert.deepEqual([...Deno.readDirSync(fixture.home)], []);
    },
  });
}

Deno.test("a cluster with a drain of 0 does not wait for tasks that run when it stops", async () => {
  const cluster = await Cluster.start({ n: 1, drain: 0 });
  await using client = await cluster.connect();
  const running = Promise.withResolvers<void>();
  using _ = client.onOutput(() => running.resolve());
  client.loadBalancedView().apply(async () => {
    console.log("on it");
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
  await within(running.promise, "the task's first word", 15_000);
  const began = performance.now();
  await cluster.stop();
  assert.ok(performance.now() - began < 8_000, "the 10 s in which tasks may finish were not waited for");
});
