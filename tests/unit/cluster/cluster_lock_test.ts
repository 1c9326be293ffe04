import assert from "node:assert/strict";
import { lockHolder, takeClusterLock, tidyFreeLock } from "../../../cluster/cluster_lock.ts";

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
  for (
    const text of [JSON.stringify({ pid: 999_999_999, startedTicks: 5 }), '{"pid":-1,"startedTicks":null}', "{", "null"]
  ) {
    await Deno.writeTextFile(path, text);
    await using _lock = await takeClusterLock(path, "one");
    assert.equal((await lockHolder(path))?.pid, Deno.pid);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("of many that take a stale lock at once, one gets it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const path = `${folder}/lock.json`;
  await Deno.writeTextFile(path, JSON.stringify({ pid: 999_999_999, startedTicks: 5 }));
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => takeClusterLock(path, "one")));
  assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("files are tidied away when nobody holds the lock, and left alone when somebody does", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  const path = `${folder}/lock.json`;
  let tidied = 0;
  const tidy = () => Promise.resolve(void tidied++);
  {
    await using _lock = await takeClusterLock(path, "one");
    await tidyFreeLock(path, tidy);
    assert.equal(tidied, 0);
    assert.equal((await lockHolder(path))?.pid, Deno.pid);
  }
  await tidyFreeLock(path, tidy);
  assert.equal(tidied, 1);
  await Deno.remove(folder, { recursive: true });
});
