/** Positions in remote stacks: moved into the user's files, with the line of source at the top. @module */
import assert from "node:assert/strict";
import { FunctionCodes } from "../../../client/function_code.ts";
import { FunctionShipping } from "../../../client/function_shipping.ts";
import { parseScript } from "../../../client/script_parser.ts";
import { depend } from "../../../client/depend.ts";
import { toldStack } from "../../../client/source_positions.ts";
import { registerType } from "../../../client/registered_type.ts";
import { SentFunctions } from "../../../client/sent_functions.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import type { AnyFunction } from "../../../client/source_text.ts";

/** Lines that no function in the running script has: types go. */
interface Wanted {
  readonly most: number;
}

function check(x: number, { most }: Wanted): number {
  const value: number = x;
  if (value > most) throw new RangeError("too much" as string);
  return value;
}

const HERE = import.meta.url;
const CHECK_LINE = 20;

function codeOf(f: AnyFunction, chunked: boolean) {
  using shipping = new FunctionShipping();
  shipping.open(parseScript);
  const codes = new FunctionCodes();
  return chunked ? codes.chunked(f, shipping.pack(f)) : codes.single(f, shipping.pack(f));
}

/** The stack that an engine would send for a position of this in the function's text. */
function told(f: AnyFunction, what: string, chunked = false): string[] {
  const code = codeOf(f, chunked);
  const lines = new TextDecoder().decode(code.source as Uint8Array).split("\n");
  const row = lines.findIndex((line) => line.includes(what));
  const at = `troupe:check@${code.hash.slice(0, 8)}:${row + 1}:${(lines[row] ?? "").indexOf(what) + 1}`;
  return toldStack(`RangeError: too much\n    at check (${at})\n    at other (${at})`, code).split("\n");
}

Deno.test("a function's stack shows the line of the file that it was written in", () => {
  const [head, top, source, mark, next] = told(check, "new RangeError");
  assert.equal(head, "RangeError: too much");
  assert.equal(top, `    at check (${HERE}:${CHECK_LINE}:27)`);
  assert.equal(
    source,
    `${String(CHECK_LINE).padStart(8)} |   if (value > most) throw new RangeError("too much" as string);`,
  );
  assert.equal(mark?.indexOf("^"), source?.indexOf("new RangeError"));
  assert.equal(next, `    at other (${HERE}:${CHECK_LINE}:27)`);
});

Deno.test("the same in a chunk, behind a condition, and in the check of it", () => {
  const fails = (): boolean => {
    throw new Error("of the check");
  };
  const guarded = depend(fails)(check);
  assert.match((told(check, "new RangeError", true))[1] ?? "", new RegExp(`${HERE}:${CHECK_LINE}:27`));
  assert.match((told(guarded, "new RangeError"))[1] ?? "", new RegExp(`${HERE}:${CHECK_LINE}:27`));
  assert.match((told(guarded, "new Error"))[1] ?? "", new RegExp(`${HERE}:57:\\d+`));
});

Deno.test("functions and classes that were given to a task show where they were written, too", () => {
  class Meter {
    constructor(readonly most: number) {}
    check(x: number): number {
      return check(x, { most: this.most });
    }
  }
  registerType(Meter);
  using shipping = new FunctionShipping();
  shipping.open(parseScript);
  const run = (f: () => unknown) => f();
  const code = new FunctionCodes().single(run, shipping.pack(run));
  for (const given of [(x: number) => check(x, { most: 1 }), new Meter(1)]) {
    const form = shipping.encode(given);
    const text = findText(form, shipping);
    const lines = text.split("\n");
    const row = lines.findIndex((line) => line.includes('new RangeError("too much"'));
    const hash = contentHash(new TextEncoder().encode(text)).slice(0, 8);
    const at = `troupe:given@${hash}:${row + 1}:${(lines[row] ?? "").indexOf("new RangeError") + 1}`;
    const stack = `RangeError: too much\n    at check (${at})`;
    assert.match(toldStack(stack, code, shipping.sent), new RegExp(`at check \\(${HERE}:${CHECK_LINE}:`));
    assert.equal(toldStack(stack, code), stack);
  }
});

/** The longest text in what stands for a value: that of its functions. */
function findText(form: unknown, shipping: FunctionShipping): string {
  if (typeof form === "string") return form;
  if (typeof form === "function") return findText(shipping.encode(form), shipping);
  if (typeof form !== "object" || form === null || form instanceof Uint8Array) return "";
  return Object.values(form).map((part) => findText(part, shipping)).reduce((a, b) => b.length > a.length ? b : a, "");
}

Deno.test("of the texts that went out the last thousand are kept", () => {
  const sent = new SentFunctions();
  const parts = [{ text: "f", url: HERE, line: 1, column: 1 }];
  const texts = Array.from({ length: 1_001 }, (_, n) => `() => ${n}`);
  for (const text of texts) sent.add(text, parts);
  const find = (text: string) => sent.find(contentHash(new TextEncoder().encode(text)).slice(0, 8))?.text;
  assert.deepEqual([find("() => 0"), find("() => 1"), find("() => 1000")], [undefined, "() => 1", "() => 1000"]);
});

Deno.test("a stack of other code stays as it came", () => {
  const code = codeOf(check, false);
  const stack = "Error: x\n    at f (troupe:f@00000000:1:1)\n    at g (file:///a.ts:1:1)";
  assert.equal(toldStack(stack, code), stack);
});

Deno.test({
  name: "where the inspector may not be used, positions are those in the shipped text",
  permissions: { sys: false, read: true },
  fn() {
    assert.match((told(check, "new RangeError"))[1] ?? "", /at check \(troupe:check@[0-9a-f]{8}:3:27\)/);
  },
});
