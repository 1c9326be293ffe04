import assert from "node:assert/strict";
import type { ContentHash } from "../../../protocol/ids.ts";
import { compileFactory, compileFunction, sourceName } from "../../../engine/compile.ts";

const HASH = "0123456789abcdef".repeat(4) as ContentHash;
const call = (text: string, ...args: unknown[]) => compileFunction(text, "f", HASH)(...args);

Deno.test("every form in which a function prints itself compiles", async () => {
  const holder = {
    method(x: number) {
      return x + 1;
    },
    async later(x: number) {
      return await x + 2;
    },
    *each(x: number) {
      yield x;
    },
    ["computed" + 1](x: number) {
      return x + 3;
    },
    get(x: number) {
      return x + 4;
    },
  };
  assert.equal(call(holder.method.toString(), 1), 2);
  assert.equal(await call(holder.later.toString(), 1), 3);
  assert.deepEqual([...call(holder.each.toString(), 1) as Iterable<number>], [1]);
  assert.equal(call(holder.get.toString(), 1), 5);
  assert.equal(call(((x: number) => x * 2).toString(), 2), 4);
  assert.equal(call((async (x: number) => await x).toString(), 2) instanceof Promise, true);
  assert.equal(
    call(
      (function named(x: number) {
        return x;
      }).toString(),
      6,
    ),
    6,
  );
});

Deno.test("a text that ends in a line comment compiles", () => {
  assert.equal(call("(x) => x // the end", 3), 3);
});

Deno.test("functions are strict, as in the module they came from", () => {
  assert.equal(call("function () { return this; }"), undefined);
  assert.throws(() => call("() => { undeclared = 1; }"), ReferenceError);
});

Deno.test("what is no function is refused with its name", () => {
  assert.throws(() => call("function () { [native code] }"), /Cannot compile "f"/);
  assert.throws(() => call("{ a: }"), /Cannot compile "f"/);
  assert.throws(() => call("1 + 1"), /Cannot run "f": its source is not a function but number/);
  assert.throws(() => call("null"), /not a function but null/);
});

Deno.test("a factory gives each call its own captures", () => {
  const factory = compileFactory("() => ++n", "f", HASH, ["n", "other"]);
  assert.equal(factory({ n: 1, other: 0 })(), 2);
  assert.equal(factory({ n: 5, other: 0 })(), 6);
});

Deno.test("a capture's name is never evaluated as code", () => {
  const factory = compileFactory("() => 1", "f", HASH, ["a = globalThis.pwned = 1", "b"]);
  assert.equal(factory({ b: 1 })(), 1);
  assert.equal((globalThis as Record<string, unknown>)["pwned"], undefined);
});

Deno.test("the name in stacks has nothing in it that ends a comment or a place", () => {
  assert.equal(sourceName("a b\n(c)", HASH), "troupe:a_b__c_@01234567");
});
