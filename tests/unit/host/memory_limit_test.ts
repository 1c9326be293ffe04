/** The memory limit of an engine: what follows from it, and who notices. @module */
import assert from "node:assert/strict";
import { readEngineMemory, resolveEngineMemory } from "../../../cluster/memory_size.ts";
import { heapLimitMb, MIN_ENGINE_MEMORY_BYTES } from "../../../host/memory_limit.ts";
import { type MemoryReader, MemoryWatch, systemMemoryReader } from "../../../host/memory_watch.ts";
import { describeExit } from "../../../host/process_end.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";

Deno.test("sizes have a unit, of thousands or of 1,024s, and room for an engine", () => {
  assert.deepEqual(["512MB", "512mb", "0.5 GB", "2GiB", "128000KB"].map(readEngineMemory), [
    512_000_000,
    512_000_000,
    500_000_000,
    2 * 1024 ** 3,
    128_000_000,
  ]);
  for (const wrong of ["512", "", "MB", "127MB", "1e3MB", "-1GB", "512 Mb x", "1PB", "99999999TB"]) {
    assert.equal(readEngineMemory(wrong), undefined, wrong);
  }
  assert.equal(resolveEngineMemory(200_000_000), 200_000_000);
  assert.throws(
    () => resolveEngineMemory("12"),
    /Cannot start a cluster with engineMemory "12": it is a number and a unit/,
  );
});

Deno.test("the heap gets what is left beside the runtime, also with the smallest limit", () => {
  assert.equal(heapLimitMb(1024 ** 3), 1024 - 64);
  assert.ok(heapLimitMb(MIN_ENGINE_MEMORY_BYTES) > 50);
});

Deno.test("memory is looked at until it is past the limit, and that is told once", async () => {
  const clock = new FakeClock();
  const uses: (number | Promise<number>)[] = [50, 100, Promise.resolve(101), 200];
  const reader: MemoryReader = { everyMs: 100, read: () => uses.shift() ?? null };
  const told: number[] = [];
  const watch = new MemoryWatch(1, 100, clock, reader, ({ usedBytes }) => told.push(usedBytes));
  await clock.run(250);
  assert.deepEqual([told, watch.last?.usedBytes], [[], 100]);
  await clock.run(1_000);
  assert.deepEqual([told, uses], [[101], [200]]);
});

Deno.test("nothing is looked at after the end of the process, nor told of a look that was under way", async () => {
  const clock = new FakeClock();
  const slow = Promise.withResolvers<number>();
  const told: number[] = [];
  let looks = 0;
  const reader: MemoryReader = { everyMs: 100, read: () => (looks++, slow.promise) };
  const watch = new MemoryWatch(1, 100, clock, reader, ({ usedBytes }) => told.push(usedBytes));
  await clock.run(100);
  watch.stop();
  slow.resolve(1_000);
  await clock.run(1_000);
  assert.deepEqual([told, looks], [[], 1]);
  const gone: MemoryReader = { everyMs: 100, read: () => (looks++, null) };
  new MemoryWatch(1, 100, clock, gone, ({ usedBytes }) => told.push(usedBytes));
  await clock.run(1_000);
  assert.deepEqual([told, looks], [[], 2]);
});

Deno.test("this system says what this process takes, and nothing of one that is gone", async () => {
  const reader = systemMemoryReader();
  if (reader === null) return;
  const { rss } = Deno.memoryUsage();
  const read = await reader.read(Deno.pid) ?? 0;
  assert.ok(read > rss / 2 && read < rss * 2, `${read} for ${rss}`);
  assert.equal(await reader.read(2 ** 22 + 1), null);
});

Deno.test("a heap that was full is told with the limit and the use, where there is a limit", () => {
  const exit = {
    code: 133,
    signal: "SIGTRAP",
    killedFor: null,
    lastLines: ["# Fatal JavaScript out of memory: heap limit"],
  };
  assert.match(describeExit(exit), /^its process ran out of memory; cut the task into smaller ones/);
  assert.match(
    describeExit({ ...exit, memory: { usedBytes: 130_000_000, limitBytes: 128_000_000 } }),
    /^its process ran out of memory: it used 130 MB .* may use 128 MB \(--engine-memory\)/,
  );
});
