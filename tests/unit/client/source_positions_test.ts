/** Positions in remote stacks: moved into the user's files, with the line of source at the top. @module */
import assert from "node:assert/strict";
import { FunctionCodes } from "../../../client/function_code.ts";
import { FunctionShipping } from "../../../client/function_shipping.ts";
import { parseScript } from "../../../client/script_parser.ts";
import { depend } from "../../../client/depend.ts";
import { toldStack } from "../../../client/source_positions.ts";
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
const CHECK_LINE = 17;

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
  assert.match((told(guarded, "new Error"))[1] ?? "", new RegExp(`${HERE}:54:\\d+`));
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
