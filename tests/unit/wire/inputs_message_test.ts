import assert from "node:assert/strict";
import type { ContentHash, EngineId, HostId, TaskId } from "../../../protocol/ids.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { inputsFromMessage, inputToMessage, payloadsFromMessage } from "../../../wire/messages.ts";

const HASH = "a".repeat(64) as ContentHash;
const BLOB = { hash: HASH, size: 70_000, home: "h" as HostId };

Deno.test("results that a task is given come back as they were: ids, values, and where a value lies", () => {
  const inputs = ["s-1" as TaskId, new Uint8Array([1]), BLOB, { ...BLOB, maker: 3 as EngineId }];
  assert.deepEqual(inputsFromMessage(inputs.map(inputToMessage)), inputs);
  assert.equal(inputsFromMessage([]), undefined);
  assert.equal(inputsFromMessage(undefined), undefined);
});

Deno.test("results that are none of ours are refused", () => {
  for (const message of [1, "s-1", [1], [null], [[HASH, 1]], [[HASH, 1, "h", "engine"]], [{}]]) {
    assert.throws(() => inputsFromMessage(message), SerializationError, JSON.stringify(message));
  }
  assert.throws(() => payloadsFromMessage(["s-1"]), SerializationError);
});
