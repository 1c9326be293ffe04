import assert from "node:assert/strict";
import { lockHolder, takeClusterLock } from "../../../cluster/cluster_lock.ts";

Deno.test("a lock is held once, and free again afterwards", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const path = `${folder}/lock.json`;
  {
    await using _lock = await takeClusterLock(path, "one");
    assert.equal((await lockHolder(path))?.pid, Deno.pid);
    await assert.rejects(takeClusterLock(path, "one"), {
      name: "AlreadyRunning",
      message: new RegExp(`process ${Deno.pid}`),
    });
  }
  assert.equal(await lockHolder(path), null);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the lock of a process that is gone is taken over, and so is a damaged one", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const path = `${folder}/lock.json`;
  for (const text of [JSON.stringify({ pid: 999_999_999, startedTicks: 5 }), "{", "null"]) {
    await Deno.writeTextFile(path, text);
    await using _lock = await takeClusterLock(path, "one");
    assert.equal((await lockHolder(path))?.pid, Deno.pid);
  }
  await Deno.remove(folder, { recursive: true });
});
