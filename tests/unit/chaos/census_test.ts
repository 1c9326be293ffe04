/** Which processes belong to a run, and what counts as a leak. @module */
import assert from "node:assert/strict";
import { type Census, censusOf, countProcesses, leaksBetween } from "../../chaos/census.ts";

const BOUNDS = { descriptors: 2, memoryFactor: 1.5, memoryMb: 10 };
const BEFORE: Census = { host: { processes: 3, descriptors: 30, memoryMb: 60 } };

function leaks(processes: number, descriptors: number, memoryMb: number): number {
  return leaksBetween(BEFORE, { host: { processes, descriptors, memoryMb } }, BOUNDS).length;
}

Deno.test("what has become more than the bounds allow is a leak, each of it", () => {
  assert.equal(leaks(3, 32, 100), 0);
  assert.equal(leaks(2, 10, 10), 0);
  assert.equal(leaks(4, 30, 60), 1);
  assert.equal(leaks(3, 33, 60), 1);
  assert.equal(leaks(4, 33, 101), 3);
  assert.equal(leaksBetween({}, { other: { processes: 1, descriptors: 1, memoryMb: 1 } }, BOUNDS).length, 1);
});

Deno.test("of each role the most that one process has is counted", () => {
  const census = censusOf([
    { pid: 5, role: "engine", descriptors: 7, memoryMb: 40 },
    { pid: 6, role: "engine", descriptors: 9, memoryMb: 30 },
  ]);
  assert.deepEqual(census, { engine: { processes: 2, descriptors: 9, memoryMb: 40 } });
});

Deno.test({
  name: "a process is known by the TMPDIR that it was given, and this one is the client",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const env = { TMPDIR: `/tmp/census-${crypto.randomUUID()}` };
    const child = new Deno.Command("cat", { env, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
    const found = countProcesses(env.TMPDIR);
    assert.deepEqual(found.map(({ role }) => role).sort(), ["client", "other"]);
    assert.ok(found.some(({ pid }) => pid === child.pid));
    await child.stdin.close();
    await child.status;
    assert.deepEqual(countProcesses(env.TMPDIR).map(({ pid }) => pid), [Deno.pid]);
  },
});
