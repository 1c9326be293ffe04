/** The programs in the README run, and print what their comments say. @module */
import assert from "node:assert/strict";
import { CliFixture } from "./cli_fixture.ts";

const ROOT = new URL("../../", import.meta.url);

/** The first block of a section. */
async function blockOf(section: string): Promise<string> {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const block = new RegExp(`## ${section}\\n.*?\`\`\`ts\\n(.*?)\`\`\``, "s").exec(readme)?.[1];
  assert.ok(block !== undefined, `the block of "${section}" is there`);
  return block;
}

function fromHere(program: string): string {
  return program.replaceAll('"./mod.ts"', JSON.stringify(new URL("mod.ts", ROOT)));
}

Deno.test("the fifteen lines of the README print what they say", async () => {
  const program = await blockOf("Fifteen lines that run");
  assert.ok(program.trim().split("\n").filter((line) => line !== "").length <= 15, "it has 15 lines at most");
  await using fixture = await CliFixture.create();
  const path = await fixture.file("readme.ts", fromHere(program));
  const { code, stdout, stderr } = await fixture.spawnModule(path).ended();
  assert.equal(code, 0, stderr);
  const [power, squares, ...roots] = stdout.trimEnd().split("\n");
  assert.match(program, new RegExp(`// ${power}$`, "m"));
  assert.equal(power, "59049");
  assert.equal(squares, "[ 1, 4, 9, 16 ]");
  assert.ok(program.includes(`// ${squares}`));
  assert.deepEqual(roots.toSorted(), ["1", "2", "3", "4"], "in whatever order they arrive");
});

Deno.test("the lines on dependencies go on from these fifteen, and print what they say", async () => {
  await using fixture = await CliFixture.create();
  const [start] = (await blockOf("Fifteen lines that run")).split("\n\nconst power");
  const block = await blockOf("Tasks that depend on each other");
  const path = await fixture.file("dependencies.ts", fromHere(`${start}\n${block}`));
  const { code, stdout, stderr } = await fixture.spawnModule(path).ended();
  assert.equal(code, 0, stderr);
  const [done, explained = ""] = stdout.trimEnd().split("\n");
  assert.equal(done, "tested where it was trained, built where the platform is right");
  const comment = /explain\(tidy\).*\/\/ … (.*)$/m.exec(block)?.[1] ?? "";
  assert.equal(explained.slice(explained.indexOf("its ")).replace(/task "[^"]+"/, 'task "…"'), comment);
});
