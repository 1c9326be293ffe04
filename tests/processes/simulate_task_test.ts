/** The long run of the simulation as a command. @module */
import assert from "node:assert/strict";

const TOOL = new URL("../../tools/simulate.ts", import.meta.url).href;

async function simulate(...args: string[]) {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", TOOL, ...args], stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("deno task simulate runs so many seeds from a first one", async () => {
  const { code, stdout } = await simulate("--seeds", "5", "--from", "20");
  assert.equal(code, 0);
  assert.match(stdout, /^5 seeds from 20 keep every rule, [\d.]+ s\n$/);
  assert.equal((await simulate("--no-deps", "--seeds", "5")).code, 0);
});

Deno.test("wrong flags end it with 2 before anything runs", async () => {
  const wrong = await Promise.all([simulate("--seeds", "many"), simulate("--fast")]);
  assert.deepEqual(wrong.map(({ code, stdout }) => [code, stdout]), [[2, ""], [2, ""]]);
  assert.match(wrong[0]?.stderr ?? "", /"--seeds": it takes a whole number from 0 on; usage: deno task simulate/);
});
