import assert from "node:assert/strict";
import { encodeError } from "../../../wire/error_codec.ts";
import { UnmetDependency } from "../../../wire/errors.ts";
import { errorSummary } from "../../../wire/error_summary.ts";
import type { ContentHash, HostId } from "../../../protocol/ids.ts";

Deno.test("an error's name and message are read from its bytes", () => {
  assert.deepEqual(errorSummary(encodeError(new TypeError("bad"))), { name: "TypeError", message: "bad" });
  assert.deepEqual(errorSummary(encodeError(new UnmetDependency("busy"))), {
    name: "UnmetDependency",
    message: "busy",
  });
  const caused = new Error("outer", { cause: new RangeError("inner") });
  assert.deepEqual(errorSummary(encodeError(caused)), { name: "Error", message: "outer" });
});

Deno.test("what was thrown and is no error is shown as what it is", () => {
  assert.deepEqual(errorSummary(encodeError("boom")), { name: "string", message: "boom" });
  assert.deepEqual(errorSummary(encodeError(5)), { name: "number", message: "5" });
  assert.deepEqual(errorSummary(encodeError({ a: 1 })), { name: "object", message: "(a value that is no error)" });
});

Deno.test("long messages are cut, errors that lie elsewhere and bytes that are none are told", () => {
  assert.equal(errorSummary(encodeError(new Error("x".repeat(5_000)))).message.length, 1_001);
  const blob = { hash: "0" as ContentHash, size: 70_000, home: "h" as HostId };
  assert.equal(errorSummary(blob).message, "(an error of 70000 bytes)");
  assert.equal(errorSummary(new Uint8Array([0xc1])).message, "(its bytes can't be read)");
});
