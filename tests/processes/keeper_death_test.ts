/** The process that keeps a controller is killed, and another is started in its place. @module */
import assert from "node:assert/strict";
import { Client } from "../../mod.ts";
import { within } from "../../testing/within.ts";
import { CliFixture, gone, signal } from "./cli_fixture.ts";

const CREDENTIALS = Object.fromEntries(
  ["client", "host", "controller"].map((user) => [user, { user, password: user }]),
);

Deno.test("a keeper started after one that was killed gives no engine id again, and takes back the hosts that stayed", async () => {
  await using cli = await CliFixture.create();
  const credentials = await cli.file("credentials.json", JSON.stringify(CREDENTIALS));
  const start = (port: string) => cli.spawn(["controller", "--port", port, "--credentials", credentials]);
  const keeper = start("0");
  const url = /nats:\/\/[\d.]+:\d+/.exec(await keeper.errorLine(/is running/))?.[0] ?? "";
  const join = () => cli.spawn(["engines", "-n", "1", "--nats", url, "--credentials", credentials]);
  const stays = join();
  await stays.errorLine(/joined/);
  await using client = await Client.connect({ name: "default", servers: url, ...CREDENTIALS.client });
  await client.waitForEngines(1, { timeout: 10_000 });

  // It can't come back at once, so that the new host is the first that the new keeper meets.
  signal(stays.pid, "SIGSTOP");
  keeper.signal("SIGKILL");
  await gone(keeper.pid);
  await start(url.slice(url.lastIndexOf(":") + 1)).errorLine(/is running/);
  const fresh = join();
  await fresh.errorLine(/joined/);
  signal(stays.pid, "SIGCONT");

  await within(client.waitForEngines(2, { timeout: 15_000 }), "both engines", 20_000);
  assert.deepEqual(client.ids, [0, 1]);
  const here = client.ids.map((id) => client.at(id).apply((x: number) => x + 1, id));
  assert.deepEqual(await within(Promise.all(here), "a task of each"), [1, 2]);
});
