/** The log file of a host. @module */
import assert from "node:assert/strict";
import { earlierLog, fileLog, humanLine, jsonLine } from "../../../cluster/process_log.ts";

function messages(path: string): string[] {
  return Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line).message);
}

Deno.test("a log file that is full makes room for a new one, also when it was full before, and one is kept", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const path = `${folder}/log.jsonl`;
  {
    using file = fileLog(path, { cluster: "c" }, 150);
    for (const message of ["a", "b", "c", "d"]) file.log("info", message, { filler: "x".repeat(100) });
    assert.deepEqual([messages(earlierLog(path)), messages(path)], [["c"], ["d"]]);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }
  {
    using file = fileLog(path, { cluster: "c" }, 150);
    file.log("info", "e", {});
    assert.deepEqual([messages(earlierLog(path)), messages(path)], [["d"], ["e"]]);
  }
  const closed = fileLog(path, { cluster: "c" });
  closed[Symbol.dispose]();
  closed.log("info", "f", {});
  assert.deepEqual(messages(path), ["e"], "nothing is written after the end");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a log file whose folder was removed ends nobody", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  using file = fileLog(`${folder}/log.jsonl`, { cluster: "c" }, 10);
  file.log("info", "a", {});
  await Deno.remove(folder, { recursive: true });
  file.log("info", "b", {});
  assert.throws(() => Deno.statSync(folder), Deno.errors.NotFound);
});

Deno.test("every JSON line has time, level, message, cluster, actor, task and cause, whatever its writer called the cause", () => {
  const read = (fields?: Record<string, unknown>) =>
    JSON.parse(jsonLine({ cluster: "c" }, "warn", "it failed", fields));
  const { time, ...bare } = read();
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  const empty = { actor: null, task: null, cause: null };
  assert.deepEqual(bare, { level: "warn", message: "it failed", cluster: "c", ...empty });
  assert.equal(read({ reason: "silent" }).cause, "silent");
  assert.match(read({ error: new Error("boom") }).cause, /^Error: boom\n/);
  const { actor, task, cause, engine, reason } = read({ actor: "host", task: "a-1", cause: "SIGKILL", engine: 3 });
  assert.deepEqual([actor, task, cause, engine, reason], ["host", "a-1", "SIGKILL", 3, undefined]);
});

Deno.test("people are not shown what a line lacks, nor the cluster that they asked for", () => {
  const line = JSON.parse(jsonLine({ cluster: "c" }, "warn", "it failed", { task: "a-1", engine: 3 }));
  assert.match(humanLine(line), /^\d\d:\d\d:\d\d\.\d{3} warn {2}it failed task="a-1" engine=3$/);
});
