/** The log file of a host. @module */
import assert from "node:assert/strict";
import { earlierLog, fileLog } from "../../../cluster/process_log.ts";

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
