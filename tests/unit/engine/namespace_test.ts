import assert from "node:assert/strict";
import { parse } from "../../../deps/acorn.ts";
import { scriptParts } from "../../../client/script_parts.ts";
import { remoteStack } from "../../../engine/remote_stack.ts";
import { Namespace } from "../../../engine/namespace.ts";

const globals = globalThis as unknown as Record<string, unknown>;

/** A namespace of this process, which takes its names away in the end. */
function open(): Namespace & Disposable {
  const namespace = new Namespace(() => 3);
  return Object.assign(namespace, { [Symbol.dispose]: () => namespace.clear() });
}

function execute(namespace: Namespace, text: string): Promise<unknown> {
  return namespace.execute(scriptParts(text, "execute", parse, (specifier) => specifier));
}

Deno.test("what is pushed is a global variable, is pulled by name or path, and goes with clear", () => {
  using namespace = open();
  namespace.push({ nsA: 1, nsB: { c: { d: [4] } } });
  assert.equal(globals["nsA"], 1);
  assert.equal((0, eval)("nsA + nsB.c.d[0]"), 5);
  namespace.push({ nsA: 2 });
  assert.deepEqual(namespace.pull(["nsB.c.d", "nsA"]), [[4], 2]);
  namespace.clear();
  assert.equal("nsA" in globals, false);
});

Deno.test("a name that is not there is a ReferenceError with engine, name and what is there", () => {
  using namespace = open();
  assert.throws(() => namespace.pull(["nsMissing"]), /"nsMissing" on engine 3.*push or execute it there first/);
  namespace.push({ nsA: { b: 1 } });
  assert.throws(() => namespace.pull(["nsA.x.y"]), { name: "ReferenceError", message: /no "nsA\.x"; there are nsA\./ });
  assert.throws(() => namespace.pull(["Array"]), ReferenceError);
});

Deno.test("built-in names are refused, and then none of the names is defined", async () => {
  using namespace = open();
  assert.throws(() => namespace.push({ nsA: 1, performance: 2 }), /"performance" on engine 3: it is built in/);
  assert.equal("nsA" in globals, false);
  await assert.rejects(execute(namespace, "var nsB = 1; var performance = 2"), TypeError);
  assert.equal("nsB" in globals, false);
});

Deno.test("a text's declarations stay, whatever their kind, and its last expression is the value", async () => {
  using namespace = open();
  const text = `const { nsA, ...nsRest } = { nsA: 1, q: 2 }
    let nsLet
    class NsClass { value() { return nsA } }
    for (var nsI = 0; nsI < 3; nsI++) { if (nsI) var nsSeen = nsI }
    if (nsSeen) var nsW = 2
    await Promise.resolve()
    nsFree = nsFunction(10)
    function nsFunction(n) { return n + nsA }
    nsFunction(nsRest.q)`;
  assert.equal(await execute(namespace, text), 3);
  const later = "let nsA = 5; [nsFunction(1), new NsClass().value(), nsI, nsSeen, nsW, nsFree, nsLet]";
  assert.deepEqual(await execute(namespace, later), [6, 5, 3, 2, 2, 11, undefined]);
  namespace.clear();
  assert.equal("nsFree" in globals || "NsClass" in globals, false);
});

Deno.test("a block's own names stay in it, and a text that ends with a definition has no value", async () => {
  using namespace = open();
  assert.equal(await execute(namespace, "{ let nsInner = 1; const nsOther = 2 }\nnsF = () => 1"), undefined);
  assert.equal("nsInner" in globals || "nsOther" in globals, false);
  assert.equal((globals["nsF"] as () => number)(), 1);
});

Deno.test("imports are bound under their names", async () => {
  using namespace = open();
  const text = 'import nsPath, { join as nsJoin } from "node:path"\nimport * as nsAll from "node:path"\n' +
    '[nsJoin("a", "b"), nsPath.basename("a/b"), typeof nsAll.join]';
  assert.deepEqual(await execute(namespace, text), ["a/b", "b", "function"]);
});

Deno.test("an error's stack has the text's own lines and columns, and nothing of the engine", async () => {
  using namespace = open();
  const text = "nsA = 1; nsFail()\nfunction nsFail() {\n  throw new Error('here')\n}";
  await assert.rejects(execute(namespace, text), (error: Error) => {
    const stack = remoteStack(error.stack ?? "");
    assert.match(stack, /at nsFail \(troupe:execute@\w+:3:9\)/);
    assert.match(stack, /troupe:execute@\w+:1:10\)$/);
    return true;
  });
});
