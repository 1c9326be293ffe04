import assert from "node:assert/strict";
import { findImpurities } from "../../../tools/purity.ts";

const names = (source: string) => findImpurities("scheduler/core/x.ts", source).map(({ name }) => name);

Deno.test("purity: clocks, chance, timers, promises and the runtime are found", () => {
  assert.deepEqual(names("const now = Date.now();"), ["Date"]);
  assert.deepEqual(names("const x = Math.random();"), ["Math.random"]);
  assert.deepEqual(names("setTimeout(() => {}, 5);"), ["setTimeout"]);
  assert.deepEqual(names("async function f() {}"), ["async"]);
  assert.deepEqual(names("const a = Deno.pid;"), ["Deno"]);
});

Deno.test("purity: words in comments, strings, properties and longer names are no use of them", () => {
  assert.deepEqual(names("// asks Date.now()\n/* setTimeout */ const s = 'fetch this';"), []);
  assert.deepEqual(names("const updated = task.process; const processed = 1;"), []);
});

Deno.test("purity: the text of a template is no use of a name in it, the code in its holes is", () => {
  assert.deepEqual(names("const s = `await ${task.id} in a process ${ids.map((id) => `${id}, fetch`)}`;"), []);
  assert.deepEqual(names("const s = `at ${Date.now()} ${{ a: { b: `${fetch(url)}` } }} crypto`;"), ["Date", "fetch"]);
});

Deno.test("purity: the line is that of the name", () => {
  assert.equal(findImpurities("x.ts", "const a = 1;\n/* two\nlines */\nfetch(a);")[0]?.line, 4);
});
