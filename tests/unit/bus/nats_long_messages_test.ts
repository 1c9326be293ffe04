import assert from "node:assert/strict";
import { makeRoomForLongMessages } from "../../../bus/nats_long_messages.ts";

/** As the client's parser does: keeps what came of a message, in memory without room for more. */
function parserFor(size: number) {
  return {
    ma: { size },
    msgBuf: undefined as { _buf: Uint8Array; readonly capacity: number; readonly length: number } | undefined,
    parse(bytes: Uint8Array) {
      const buffer = {
        _buf: bytes.slice(),
        get capacity() {
          return this._buf.buffer.byteLength;
        },
        get length() {
          return this._buf.length;
        },
      };
      this.msgBuf = bytes.length < size ? buffer : undefined;
    },
  };
}

Deno.test("a message of which something is missing gets room for all of it, with every parser that follows", () => {
  const holder = { parser: parserFor(1_000) };
  makeRoomForLongMessages(holder);
  for (const next of [null, parserFor(1_000)]) {
    if (next !== null) holder.parser = next;
    holder.parser.parse(Uint8Array.of(1, 2, 3));
    const { msgBuf } = holder.parser;
    assert.deepEqual([msgBuf?.capacity, [...msgBuf?._buf ?? []]], [1_000, [1, 2, 3]]);
    holder.parser.parse(new Uint8Array(1_000));
    assert.equal(holder.parser.msgBuf, undefined);
  }
});
