/** `deno task reference` writes a page for every public name. @module */
import assert from "node:assert/strict";
import * as troupe from "../../mod.ts";
import { CliFixture, RunningCommand } from "./cli_fixture.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("the reference has a page for all that a program can import, and one for the test kit", async () => {
  await using fixture = await CliFixture.create();
  const folder = `${fixture.home}/reference`;
  // The last of two outputs counts.
  await using task = new RunningCommand(["task", "--quiet", "reference", `--output=${folder}`], {}, ROOT);
  const { code, stderr } = await task.ended();
  assert.equal(code, 0, stderr);
  const pages = Deno.readDirSync(`${folder}/~`).map(({ name }) => name).toArray();
  for (const name of Object.keys(troupe)) assert.ok(pages.includes(`${name}.html`), name);
  assert.ok((await Deno.stat(`${folder}/testing/index.html`)).isFile);
});
