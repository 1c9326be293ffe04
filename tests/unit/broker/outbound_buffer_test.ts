/** What is queued for a client leaves once, in order, in few pieces. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { OutboundBuffer } from "../../../broker/outbound_buffer.ts";
import { bytesOf, latin1 } from "./recording_sink.ts";

/** Writes everything as a slow socket would, and gives it as text. */
function drain(buffer: OutboundBuffer): string {
  let text = "";
  for (let piece = buffer.take(); piece !== undefined; piece = buffer.take()) {
    text += latin1(piece);
    buffer.written();
  }
  return text;
}

Deno.test("MSG and HMSG are written with and without a reply", () => {
  const buffer = new OutboundBuffer();
  buffer.message("a.b", "1", undefined, 0, bytesOf("hi"), false);
  buffer.message("a.b", "sid", "r.1", 0, bytesOf(""), false);
  buffer.message("a", "1", undefined, 12, bytesOf("NATS/1.0\r\n\r\nhi"), false);
  buffer.message("a", "1", "r", 12, bytesOf("NATS/1.0\r\n\r\n"), false);
  buffer.line("PING");
  equal(
    drain(buffer),
    "MSG a.b 1 2\r\nhi\r\nMSG a.b sid r.1 0\r\n\r\nHMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" +
      "HMSG a 1 r 12 12\r\nNATS/1.0\r\n\r\n\r\nPING\r\n",
  );
});

Deno.test("subjects beyond ASCII are UTF-8", () => {
  const buffer = new OutboundBuffer();
  buffer.message("a.é.语", "1", "ré", 0, bytesOf(""), false);
  equal(new TextDecoder().decode(bytesOf(drain(buffer))), "MSG a.é.语 1 ré 0\r\n\r\n");
});

Deno.test("what is queued at once leaves in one piece", () => {
  const buffer = new OutboundBuffer();
  for (let count = 0; count < 50; count++) buffer.message("a", "1", undefined, 0, bytesOf("hello"), false);
  equal(buffer.take()?.length, 50 * "MSG a 1 5\r\nhello\r\n".length);
  buffer.written();
  equal(buffer.take(), undefined);
});

Deno.test("a payload that may be overwritten is copied, a large one that may not travels as it is", () => {
  const buffer = new OutboundBuffer();
  const large = new Uint8Array(20_000).fill(0x61);
  buffer.message("a", "1", undefined, 0, large, false);
  large.fill(0x62);
  ok(drain(buffer).includes("a".repeat(20_000)));
  buffer.message("a", "1", undefined, 0, large, true);
  const pieces: Uint8Array[] = [];
  for (let piece = buffer.take(); piece !== undefined; piece = buffer.take()) {
    pieces.push(piece);
    buffer.written();
  }
  ok(pieces.includes(large));
});

Deno.test("pendingBytes counts what waits, and what was taken until it is written", () => {
  const buffer = new OutboundBuffer();
  equal(buffer.pendingBytes, 0);
  buffer.line("PING");
  buffer.message("a", "1", undefined, 0, new Uint8Array(30_000), true);
  const all = "PING\r\nMSG a 1 30000\r\n\r\n".length + 30_000;
  equal(buffer.pendingBytes, all);
  const first = buffer.take();
  equal(buffer.pendingBytes, all);
  buffer.written();
  equal(buffer.pendingBytes, all - (first?.length ?? 0));
  drain(buffer);
  equal(buffer.pendingBytes, 0);
});

Deno.test("whatever is queued while pieces are written leaves once, in order", () => {
  const message = fc.record({
    size: fc.oneof(fc.nat(100), fc.nat(5_000), fc.nat(70_000)),
    owned: fc.boolean(),
    take: fc.boolean(),
    letter: fc.constantFrom("a", "b", "c"),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const buffer = new OutboundBuffer();
      let [expected, written] = ["", ""];
      for (const { size, owned, take, letter } of messages) {
        const payload = bytesOf(letter.repeat(size));
        buffer.message("s", "1", undefined, 0, payload, owned);
        if (!owned) payload.fill(0);
        expected += `MSG s 1 ${size}\r\n${letter.repeat(size)}\r\n`;
        const piece = take ? buffer.take() : undefined;
        if (piece === undefined) continue;
        buffer.line("+OK");
        expected += "+OK\r\n";
        written += latin1(piece);
        buffer.written();
      }
      equal(buffer.pendingBytes, expected.length - written.length);
      equal(written + drain(buffer), expected);
    }),
    { numRuns: 60 },
  );
});

Deno.test("sizes of every length are written in full", () => {
  const sizes = [0, 9, 10, 99, 100, 1_000, 12_345, 100_000];
  for (const size of sizes) {
    const buffer = new OutboundBuffer();
    buffer.message("a", "1", undefined, 0, new Uint8Array(size), true);
    deepEqual(drain(buffer).split("\r\n", 1), [`MSG a 1 ${size}`]);
  }
});
