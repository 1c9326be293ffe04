/**
 * The guide is true: its programs pass the compiler, run, and print what their comments say; its commands succeed.
 * @module
 */
import assert from "node:assert/strict";
import { CliFixture, type Ended, RunningCommand } from "./cli_fixture.ts";
import { expectedLines, type GuidePage, importedFrom, patternOf, readGuidePage } from "./guide_page.ts";

const ROOT = new URL("../../", import.meta.url);
const GUIDE = new URL("docs/guide/", ROOT);

const names = Deno.readDirSync(GUIDE).map(({ name }) => new URL(name, GUIDE)).filter(({ href }) =>
  href.endsWith(".md")
);
const urls = [new URL("docs/tasks.md", ROOT), new URL("docs/reliability.md", ROOT), ...names.toArray().toSorted()];
const pages = await Promise.all(urls.map(readGuidePage));

function nameOf({ url }: GuidePage): string {
  return url.href.slice(ROOT.href.length);
}

/** Writes a page's modules into a folder of its own: engines may not read the profile directory around it. The paths. */
async function writePage(page: GuidePage, fixture: CliFixture, folder = "page"): Promise<string[]> {
  await Deno.mkdir(`${fixture.home}/${folder}`);
  const files = [...page.files, ["guide.ts", page.program] as const];
  return await Promise.all(
    files.map(([name, source]) => fixture.file(`${folder}/${name}`, importedFrom(ROOT, source))),
  );
}

async function succeeds(command: RunningCommand): Promise<Ended> {
  await using running = command;
  const ended = await running.ended();
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

/** Of a program that a page runs, or that is all of it. */
function assertPrints(stdout: string, program: string): void {
  const expected = expectedLines(program);
  const printed = stdout.trimEnd().split("\n");
  for (const [index, line] of expected.entries()) assert.match(printed[index] ?? "", patternOf(line));
  assert.equal(printed.length, expected.length, stdout);
}

Deno.test("every link in the guide leads to a file, and every page is in its table of contents", async () => {
  const contents = pages.find((page) => nameOf(page) === "docs/guide/README.md");
  for (const page of pages) {
    for (const link of page.links) assert.ok(await Deno.stat(new URL(link, page.url)), link);
    const name = nameOf(page).slice("docs/guide/".length);
    if (page !== contents && page.url.href.startsWith(GUIDE.href)) assert.ok(contents?.links.includes(name), name);
  }
});

Deno.test("the programs of the guide pass the compiler with the options that Deno has of itself", async () => {
  await using fixture = await CliFixture.create();
  const paths: string[] = [];
  // One folder each, since pages have files of the same name.
  for (const [index, page] of pages.entries()) paths.push(...await writePage(page, fixture, String(index)));
  await succeeds(new RunningCommand(["check", "--quiet", ...paths], {}, fixture.home));
});

for (const page of pages.filter(({ program }) => program !== "")) {
  Deno.test(`${nameOf(page)} runs from top to bottom and prints what it says`, async () => {
    await using fixture = await CliFixture.create();
    const path = (await writePage(page, fixture)).at(-1) ?? "";
    const { stdout } = await succeeds(fixture.spawnModule(path, [], { cwd: `${fixture.home}/page` }));
    assertPrints(stdout, page.program);
  });
}

for (const page of pages.filter(({ commands }) => commands.length > 0)) {
  Deno.test(`the commands of ${nameOf(page)} do what it says`, async () => {
    await using fixture = await CliFixture.create();
    await writePage(page, fixture);
    const cwd = `${fixture.home}/page`;
    for (const [module = "", ...args] of page.commands) {
      const command = module === "cli.ts"
        ? fixture.spawn(args, { cwd })
        : fixture.spawnModule(`${cwd}/${module}`, args, { cwd });
      const { stdout } = await succeeds(command);
      const program = [module, ...args].map((word) => page.files.get(word)).find((source) => source !== undefined);
      if (program !== undefined) assertPrints(stdout, program);
    }
  });
}
