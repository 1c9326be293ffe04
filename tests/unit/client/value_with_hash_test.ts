/** What a client finds when a host asks for bytes again. @module */
import assert from "node:assert/strict";
import { BigValue } from "../../../client/big_value.ts";
import type { PendingTask } from "../../../client/task_table.ts";
import { valueWithHash } from "../../../client/value_with_hash.ts";
import type { ContentHash, HostId } from "../../../protocol/ids.ts";
import { contentHash } from "../../../wire/content_hash.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One that was placed: its hash is known. */
function placed(text: string): BigValue {
  return new BigValue(bytes(text), contentHash(bytes(text)));
}

function hashOf(text: string): ContentHash {
  return contentHash(bytes(text));
}

const source = bytes("() => 1");
const task = {
  args: placed("args"),
  template: {
    captures: placed("captures"),
    code: {
      hash: hashOf("() => 1"),
      source,
      name: "f",
      modules: [{ hash: hashOf("module"), source: placed("module") }],
    },
  },
  inputs: [{ value: null }, { value: placed("input") }],
} as unknown as PendingTask;
const small = { ...task, args: bytes("small"), inputs: undefined } as unknown as PendingTask;

Deno.test("arguments, captures, inputs, code and modules of unsettled tasks are found by their hash", () => {
  for (const text of ["args", "captures", "input", "() => 1", "module"]) {
    assert.deepEqual(valueWithHash([small, task], hashOf(text))?.bytes, bytes(text), text);
  }
  assert.equal(valueWithHash([small, task], hashOf("other")), null);
  assert.equal(valueWithHash([], hashOf("args")), null);
});

Deno.test("what was never placed, and what only a host had, is not found", () => {
  const fresh = { ...task, args: new BigValue(bytes("fresh")) } as PendingTask;
  assert.equal(valueWithHash([fresh], hashOf("fresh")), null);
  const there = new BigValue({ hash: hashOf("there"), size: 5, home: "far" as HostId });
  assert.equal(valueWithHash([{ ...task, args: there } as PendingTask], hashOf("there")), null);
});
