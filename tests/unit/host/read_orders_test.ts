import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { readDirect, readDispatch, readNumbers } from "../../../host/read_orders.ts";
import type { DirectMessage, DispatchMessage } from "../../../protocol/messages.ts";
import { SerializationError } from "../../../wire/errors.ts";

const HASH = "ab".repeat(32);
const bytes = new Uint8Array([1]);
const dispatch = (run: unknown) => [3, [[HASH, bytes]], [[HASH, "f", [], null]], [run]] as unknown as DispatchMessage;

Deno.test("a dispatch becomes runs that share their templates", () => {
  const message = [3, [], [[HASH, "f", [2], null]], [[1, 0, "abc-1", 1, 0, bytes], [2, 1, "abc-2", 2, 0, [
    HASH,
    70_000,
    "far",
  ]]]];
  const { epoch, codes, runs } = readDispatch(message as unknown as DispatchMessage);
  assert.deepEqual([epoch, codes, runs.map(([number]) => number)], [3, [], [1, 2]]);
  const [first, second] = runs.map(([, run]) => run);
  assert.equal(first?.template, second?.template);
  assert.equal(first?.template.flags.retries, 2);
  assert.deepEqual(second?.args, { hash: HASH, size: 70_000, home: "far" });
  assert.deepEqual([second?.engine, second?.attempt, second?.task], [1, 2, "abc-2"]);
});

Deno.test("direct tasks get their ids from client and number", () => {
  const message = ["abc", [], [[HASH, "f", [], null]], [[7, 0, 0, bytes]]] as unknown as DirectMessage;
  const { session, runs } = readDirect(message, "client.abc");
  assert.deepEqual([session, runs[0]?.[0], runs[0]?.[1].task, runs[0]?.[1].attempt], ["abc", 7, "abc-7", 1]);
});

Deno.test("what is wrong anywhere in an order is refused as a whole", () => {
  for (
    const run of [
      [1, 0, "a-1", 1, 1, bytes],
      [1, 0, "a-1", 1, "0", bytes],
      [1, -1, "a-1", 1, 0, bytes],
      [1, 0, 5, 1, 0, bytes],
      [1, 0, "a-1", 1, 0, "x"],
      null,
    ]
  ) {
    assert.throws(() => readDispatch(dispatch(run)), SerializationError);
  }
  assert.throws(() => readDispatch([1, [["../x", bytes]], [], []] as unknown as DispatchMessage), SerializationError);
  assert.throws(() => readNumbers([1, "2"] as unknown as number[]), SerializationError);
  assert.deepEqual(readNumbers([1, 2]), [1, 2]);
});

Deno.test("garbage is never anything but refused", () => {
  fc.assert(fc.property(fc.anything(), (message) => {
    assert.throws(() => readDispatch(message as DispatchMessage), SerializationError);
    assert.throws(() => readDirect(message as DirectMessage, "client.a"), SerializationError);
  }));
});
