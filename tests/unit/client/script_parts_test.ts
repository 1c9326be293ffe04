import assert from "node:assert/strict";
import { textParts } from "../../../client/program_text.ts";
import { importedSpecifiers, scriptParts } from "../../../client/script_parts.ts";
import { parse } from "../../../deps/acorn.ts";

function parts(text: string) {
  return scriptParts(text, "execute", parse, (specifier) => `node:${specifier}`);
}

Deno.test("functions keep their place in the declarations, and leave blanks in the body", () => {
  const { declarations, body, names } = parts("a = 1\nfunction f() {\n  return a\n}\nb = f()");
  assert.equal(declarations, "     \nfunction f() {\n  return a\n}\n       \nvar f;");
  assert.equal(body, `a = 1\n${" ".repeat(14)}\n${" ".repeat(10)}\n \nreturn (b = f())`);
  assert.deepEqual(names, ["f"]);
});

Deno.test("what a text declares is known by name: patterns, exports, imports", () => {
  const text = `const { a, b: [c, , d = 1], ...e } = x
    export let g = 1; export default class H {}
    export { g as other }
    import i, { j as k } from "node:m"
    var l; for (var [n] of []) { var o } while (0) var p
    { let q; const r = 1; class S {} }
    try { var t } catch (u) { var v }
    switch (1) { case 1: var w }`;
  assert.deepEqual(parts(text).names, [..."acdegH", ..."ik", ..."lnop", ..."tvw"]);
});

Deno.test("what is wrong with a text is said with its line, and before anything runs", () => {
  assert.throws(() => parts("a = 1\n  b = = 2"), {
    name: "SyntaxError",
    message: 'Cannot run "execute": Unexpected token at line 2, column 7: b = = 2',
  });
  assert.throws(() => parts("const a = 1; let a = 2"), /already been declared/);
  assert.throws(() => parts("return 1"), SyntaxError);
  assert.throws(() => parts("const Array = 1"), /Cannot define "Array" on engines: it is built in/);
});

Deno.test("statements without semicolons stay apart", () => {
  const { body } = parts("f()\nconst [a] = g()\nlet b\nclass C {}\n[1].at(0)");
  assert.equal(body, "f()\n;(    [a] = g());\n;(  b=void 0);\n;C=class C {};\nreturn ([1].at(0))");
});

Deno.test("imports are resolved, and keep their lines", () => {
  const { body } = parts('import {\n  a as b,\n  "c-d" as e\n} from "./x.js" with { type: "json" }\nb');
  assert.equal(
    body,
    ';({"a":b,"c-d":e}=await import("node:./x.js",{with:{type: "json"}}));\n\n\n\nreturn (b)',
  );
  assert.deepEqual(importedSpecifiers('import "a"\nexport * from "b"\nexport const c = 1', "f", parse), ["a", "b"]);
});

Deno.test("a text may have types; what is wrong with one is said in the words for JavaScript", async () => {
  const typed = await textParts(
    "const limit: number = 4; function half(x: number): number { return x / 2; }",
    "execute",
  );
  assert.deepEqual(
    typed,
    await textParts("const limit         = 4; function half(x        )         { return x / 2; }", "execute"),
  );
  await assert.rejects(textParts("const x = ;", "execute"), { name: "SyntaxError", message: /line 1, column 11/ });
});
