/**
 * The blocks of docs/tasks.md are one program, which passes the compiler, runs, and prints what its comments say.
 * @module
 */
import assert from "node:assert/strict";
import { CliFixture, type Ended, RunningCommand } from "./cli_fixture.ts";

const ROOT = new URL("../../", import.meta.url);
/** Begins a block that is a module of its own. */
const FILE_NAME = /^\/\/ (\w+\.ts)\n/;

/** What each `console.log` is to print: the comment behind it, or the comments in the lines below. `…` is any text. */
function expectedLines(program: string): string[] {
  const expected: string[] = [];
  let below = false;
  for (const line of program.split("\n")) {
    const comment = /^\/\/ (.*)$/.exec(line)?.[1];
    const printing = /\bconsole\.log\(.*\);(?: \/\/ (.*))?$/.exec(line);
    if (below && comment !== undefined) expected.push(comment);
    else if (printing?.[1] !== undefined) expected.push(printing[1]);
    below = printing === null ? below && comment !== undefined : printing[1] === undefined;
  }
  return expected;
}

function patternOf(line: string): RegExp {
  return new RegExp(`^${line.split("…").map((part) => RegExp.escape(part)).join(".+?")}$`);
}

async function succeeds(command: RunningCommand): Promise<Ended> {
  await using running = command;
  const ended = await running.ended();
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

Deno.test("every link in the guide to tasks leads somewhere", async () => {
  const here = new URL("docs/tasks.md", ROOT);
  const guide = await Deno.readTextFile(here);
  const links = [...guide.matchAll(/\]\(([^)#]+)/g)].map(([, link = ""]) => link);
  assert.ok(links.length > 8);
  for (const link of links) {
    assert.ok((await Deno.stat(new URL(link, here))).isFile || link.endsWith("/examples"), link);
  }
});

Deno.test("the guide to tasks runs from top to bottom and prints what it says", async () => {
  const guide = await Deno.readTextFile(new URL("docs/tasks.md", ROOT));
  await using fixture = await CliFixture.create();
  let program = "";
  for (const [, block = ""] of guide.matchAll(/```ts\n(.*?)```/gs)) {
    const name = FILE_NAME.exec(block)?.[1];
    if (name === undefined) program += block;
    else await fixture.file(name, block);
  }
  const source = program.replaceAll(/"\.\/((?:testing\/)?mod\.ts)"/g, (_, path) => JSON.stringify(new URL(path, ROOT)));
  const path = await fixture.file("guide.ts", source);
  // In a folder of a user's: with the options that Deno has of itself, for this program and for all that it imports.
  await succeeds(new RunningCommand(["check", "--quiet", path], {}, fixture.home));
  const { stdout } = await succeeds(fixture.spawnModule(path, [], { cwd: fixture.home }));
  const expected = expectedLines(program);
  const printed = stdout.trimEnd().split("\n");
  for (const [index, line] of expected.entries()) assert.match(printed[index] ?? "", patternOf(line));
  assert.equal(printed.length, expected.length, stdout);
  assert.ok(printed.length > 30, "the guide says what its lines print");
});
