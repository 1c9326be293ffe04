import assert from "node:assert/strict";
import { runDeno } from "../../../tools/run_deno.ts";

const LIMITS = { limitMs: 30_000, graceMs: 10_000 };

Deno.test("run deno: what it says comes whole and without colours, and how it ends is told", async () => {
  const code = 'console.log("\\x1b[31mred\\x1b[0m"); console.log("x".repeat(200_000)); Deno.exit(3)';
  const { success, output } = await runDeno(["eval", code], LIMITS);
  assert.equal(success, false);
  assert.equal(output, `red\n${"x".repeat(200_000)}\n`);
  assert.equal((await runDeno(["eval", ""], LIMITS)).success, true);
});

Deno.test("run deno: one that takes too long is interrupted, and killed when it does not heed that", async () => {
  const code = 'Deno.addSignalListener("SIGINT", () => console.log("no")); setInterval(() => {}, 1000)';
  const { success, output } = await runDeno(["eval", code], { limitMs: 1_000, graceMs: 500 });
  assert.equal(success, false);
  assert.match(output, /Interrupted: it took more than 1 s\.\n/);
});
