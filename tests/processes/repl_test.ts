/** Troupe in `deno repl`, which uses the runtime's inspector itself. @module */
import assert from "node:assert/strict";
import { within } from "../../testing/within.ts";

const LINES = `
import { Cluster } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)}
const cluster = await Cluster.start({ n: 1 })
const client = await cluster.connect()
const factor = 3
function times(x) { return factor * x }
console.log("answer", String(await client.loadBalancedView().map((x) => times(x), [1, 2])))
await client.close()
await cluster.stop()
console.log("over")
close()
`;

Deno.test("functions typed into deno repl travel with the variables of other lines", async () => {
  await using home = { path: await Deno.makeTempDir(), [Symbol.asyncDispose]: () => Deno.remove(home.path) };
  await using repl = new Deno.Command(Deno.execPath(), {
    args: ["repl", "-A", "--quiet"],
    env: { NO_COLOR: "1", TROUPE_HOME: home.path },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = repl.stdin.getWriter();
  await writer.write(new TextEncoder().encode(LINES));
  await writer.close();
  const { stdout, stderr, code } = await within(repl.output(), "the end of the REPL", 60_000);
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.match(said, /^answer 3,6$/m, said);
  assert.match(said, /^over$/m, said);
  assert.equal(code, 0, said);
});
