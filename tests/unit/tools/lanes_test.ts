import assert from "node:assert/strict";
import { type Job, runInLanes } from "../../../tools/lanes.ts";

/** Jobs that end when they are told to, and what has begun so far. */
function controlledJobs(kinds: string) {
  const begun: number[] = [];
  const ends = [...kinds].map(() => Promise.withResolvers<void>());
  const jobs = [...kinds].map((kind, index): Job<number> => ({
    busy: kind === "b",
    run: async () => {
      begun.push(index);
      await ends[index]?.promise;
      return index;
    },
  }));
  const end = async (index: number) => {
    ends[index]?.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { begun, jobs, end };
}

Deno.test("lanes: one busy job at a time, beside others, in their order; results in the order of the jobs", async () => {
  const { begun, jobs, end } = controlledJobs("wwwbbw");
  const results = runInLanes(jobs, { lanes: 2, busyLanes: 1 });
  assert.deepEqual(begun, [3, 0]);
  await end(0);
  assert.deepEqual(begun, [3, 0, 1]);
  await end(3);
  assert.deepEqual(begun, [3, 0, 1, 4]);
  for (const index of [4, 2, 1, 5]) await end(index);
  assert.deepEqual(await results, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(begun, [3, 0, 1, 4, 2, 5]);
});

Deno.test("lanes: busy jobs alone use every lane, and so do others alone", async () => {
  for (const kinds of ["bbb", "www"]) {
    const { begun, jobs, end } = controlledJobs(kinds);
    const results = runInLanes(jobs, { lanes: 2, busyLanes: 1 });
    assert.deepEqual(begun, [0, 1]);
    for (const index of [0, 1, 2]) await end(index);
    assert.deepEqual(await results, [0, 1, 2]);
  }
});

Deno.test("lanes: nothing to do is done at once", async () => {
  assert.deepEqual(await runInLanes([], { lanes: 3, busyLanes: 1 }), []);
});
