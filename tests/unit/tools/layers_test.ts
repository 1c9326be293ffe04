import assert from "node:assert/strict";
import { checkLayers, checkSource } from "../../../tools/layers.ts";

const HEADER = "/**\n * What it is for.\n * @module\n */\n";

Deno.test("layers: an import against the direction is named with what is allowed", () => {
  const found = checkSource("scheduler/core/state.ts", `${HEADER}import { x } from "../../wire/errors.ts";`);
  assert.equal(found.length, 1);
  assert.match(found[0]?.message ?? "", /scheduler\/core may import protocol/);
});

Deno.test("layers: dynamic imports, re-exports and imports over several lines are seen", () => {
  const source =
    `${HEADER}export { a } from "../client/a.ts";\nconst b = await import("../host/b.ts");\nimport {\n  c,\n} from "../cli/c.ts";`;
  assert.equal(checkSource("wire/codec.ts", source).length, 3);
});

Deno.test("layers: npm packages come in through deps/ alone", () => {
  assert.equal(checkSource("wire/codec.ts", `${HEADER}import x from "npm:x@1.0.0";`).length, 1);
  assert.equal(checkSource("deps/x.ts", `${HEADER}export { x } from "npm:x@1.0.0";`).length, 0);
});

Deno.test("layers: bare and https specifiers do not work from a URL", () => {
  assert.equal(checkSource("wire/codec.ts", `${HEADER}import x from "x";`).length, 1);
  assert.equal(checkSource("wire/codec.ts", `${HEADER}import x from "https://example.com/x.ts";`).length, 1);
});

Deno.test("layers: imports in comments do not count", () => {
  const source = `${HEADER}/**\n * import { Client } from "../client/client.ts";\n */\nexport const x = 1;`;
  assert.deepEqual(checkSource("wire/codec.ts", source), []);
});

Deno.test("layers: a module without a header is named", () => {
  assert.match(checkSource("wire/codec.ts", "export const x = 1;")[0]?.message ?? "", /header/);
});

Deno.test("layers: the project keeps them", async () => {
  assert.deepEqual(await checkLayers(), []);
});
