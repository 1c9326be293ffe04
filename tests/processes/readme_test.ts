/** The program in the README runs, and prints what its comments say. @module */
import assert from "node:assert/strict";
import { CliFixture } from "./cli_fixture.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the fifteen lines of the README print what they say", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const program = /## Fifteen lines that run\n.*?```ts\n(.*?)```/s.exec(readme)?.[1];
  assert.ok(program !== undefined, "the block is there");
  assert.ok(program.trim().split("\n").filter((line) => line !== "").length <= 15, "it has 15 lines at most");
  await using fixture = await CliFixture.create();
  const path = await fixture.file(
    "readme.ts",
    program.replaceAll('"./mod.ts"', JSON.stringify(new URL("mod.ts", ROOT))),
  );
  const { code, stdout, stderr } = await fixture.spawnModule(path).ended();
  assert.equal(code, 0, stderr);
  const [power, squares, ...roots] = stdout.trimEnd().split("\n");
  assert.match(program, new RegExp(`// ${power}$`, "m"));
  assert.equal(power, "59049");
  assert.equal(squares, "[ 1, 4, 9, 16 ]");
  assert.ok(program.includes(`// ${squares}`));
  assert.deepEqual(roots.toSorted(), ["1", "2", "3", "4"], "in whatever order they arrive");
});
