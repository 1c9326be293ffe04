/** Reading closures through the inspector: at once, and holding nothing. @module */
import assert from "node:assert/strict";
import process from "node:process";
import { ClosureReader } from "../../../client/closure_reader.ts";
import { FunctionShipping } from "../../../client/function_shipping.ts";
import { parseScript } from "../../../client/script_parser.ts";

function open(): ClosureReader {
  const reader = ClosureReader.open();
  assert.ok(reader !== null);
  return reader;
}

Deno.test("it gives what each scope holds at that moment, and where the function stands", () => {
  using reader = open();
  let n = 1;
  const list = [1];
  const f = () => [n, list];
  const before = reader.read(f);
  n = 2;
  const [scope] = reader.read(f).scopes;
  assert.deepEqual([before.scopes[0]?.["n"], scope?.["n"]], [1, 2]);
  assert.equal(scope?.["list"], list);
  const source = reader.source(before.place?.scriptId ?? "");
  assert.equal(source?.url, import.meta.url);
  assert.ok(source?.source.includes(f.toString()));
});

Deno.test("what it read is not held: objects that were captured are collected", async () => {
  using reader = open();
  const { gc } = globalThis as { gc?: () => void };
  const collect = gc ?? await exposeGc();
  const refs: WeakRef<object>[] = [];
  for (let i = 0; i < 50; i++) readOne(reader, refs);
  for (let turn = 0; turn < 20 && refs.some((ref) => ref.deref() !== undefined); turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    collect();
  }
  assert.deepEqual(refs.filter((ref) => ref.deref() !== undefined).length, 0);
});

/** In a frame of its own, so that nothing of it stays on the stack. */
function readOne(reader: ClosureReader, refs: WeakRef<object>[]): void {
  const captured = { big: new Uint8Array(1_000) };
  const f = () => captured;
  assert.equal(reader.read(f).scopes[0]?.["captured"], captured);
  refs.push(new WeakRef(captured), new WeakRef(f));
}

async function exposeGc(): Promise<() => void> {
  const v8 = await import("node:v8");
  v8.setFlagsFromString("--expose-gc");
  return (await import("node:vm")).runInNewContext("gc") as () => void;
}

Deno.test("nextTick is what it was, also after an error", () => {
  const { nextTick } = process;
  using reader = open();
  assert.equal(reader.source("no such script"), null);
  assert.equal(process.nextTick, nextTick);
});

Deno.test({
  name: "without permission functions are analysed alone: what they captured is refused by name, with the ways out",
  permissions: { sys: false, read: true, import: true },
  fn() {
    assert.equal(ClosureReader.open(), null);
    using shipping = new FunctionShipping();
    shipping.open(parseScript);
    const k = 3;
    assert.throws(
      () => shipping.pack((x: number) => x * k),
      /SerializationError: Cannot ship "<anonymous>": it uses "k".*--allow-sys.*as an argument.*require\({ k }\)/,
    );
    const plain = (x: number) => Math.abs(x) + parseInt("1") + (typeof currentTask === "undefined" ? 0 : 1);
    assert.equal(shipping.pack(plain).text, plain.toString());
  },
});
declare const currentTask: unknown;
