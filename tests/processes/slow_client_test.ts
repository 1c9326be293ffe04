/** A client that does not read its results: what waits for it is bounded, others go on, and in the end it has them all. @module */
import assert from "node:assert/strict";
import { within } from "../../testing/within.ts";
import { familyOf } from "./cli_fixture.ts";
import { CliProcess } from "./cli_process.ts";
import { RemoteLab } from "./remote_lab.ts";

const MB = 1024 * 1024;
const TASKS = 5_000;
/** What waits on its link and before it, what is kept of finished tasks, a controller with nothing to do, and garbage. */
const MAX_RSS = 400 * MB;

/** Resident bytes of a process. */
async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

Deno.test({
  name: "a client that is stopped while 300 MB of results come fills nobody's memory, and has all of them in the end",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using lab = await RemoteLab.open(0);
    const start = lab.run(["start", "-n", "2", "--hwm", "4", "--name", lab.cluster, "--keep", "16MB", "--drain", "0"]);
    await start.says(/is running/);
    const file = `${lab.home}/${lab.cluster}/connection.json`;
    const script = new URL("./slow_reader.ts", import.meta.url).pathname;
    await using reader = new CliProcess(["deno", "run", "-A", script, file, `${TASKS}`], {});
    await reader.says(/the first is there/);
    reader.signal("SIGSTOP");
    await start.says(/client does not keep up/, 60_000);

    const host: number = JSON.parse(await Deno.readTextFile(`${lab.home}/${lab.cluster}/lock.json`)).pid;
    const [controller = 0] = familyOf(host).controllers;
    for (const pid of [controller, host]) {
      const rss = await residentBytes(pid);
      assert.ok(rss < MAX_RSS, `${pid === controller ? "controller" : "host"}: ${rss / MB} MB`);
    }
    await using other = await lab.connect();
    const squares = await within(
      other.loadBalancedView().map((x: number) => x * x, [1, 2, 3]),
      "another client",
      10_000,
    );
    assert.deepEqual(squares, [1, 4, 9]);

    reader.signal("SIGCONT");
    await reader.says(new RegExp(`all are there: ${TASKS} results of ${TASKS * 60_000} bytes`), 60_000);
  },
});
