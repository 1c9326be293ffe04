/** Bytes in, operations out, wherever the stream is cut. @module */
import { deepEqual, equal, ok } from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import type { PublishOperation } from "../../../broker/protocol_parser.ts";
import { bytesOf, latin1, parse, parserFor, type Recorded, RecordingSink } from "./recording_sink.ts";

function parseText(text: string): readonly Recorded[] {
  return parse(bytesOf(text));
}

/** What a line or more makes, if anything but itself. */
const CASES: readonly (readonly [stream: string, ...operations: Recorded[]])[] = [
  ['CONNECT {"verbose":false}\r\n', ["connect", '{"verbose":false}']],
  ["CONNECT\t {} \r\n", ["connect", "{} "]],
  ["CONNECT{}\r\n", ["connect", "{}"]],
  ["CONNECT\r\n", ["connect", ""]],
  ["PING\r\n", ["ping"]],
  ["PING\n", ["ping"]],
  ["ping whatever\r\n", ["ping"]],
  ["PONG\r\n", ["pong"]],
  ["PUB a 5\r\nhello\r\n", ["publish", "a", undefined, 0, "hello"]],
  ["PUB a.b r.e 0\r\n\r\n", ["publish", "a.b", "r.e", 0, ""]],
  ["pub\ta   r\t2  \r\n\r\n\r\n", ["publish", "a", "r", 0, "\r\n"]],
  ["HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", ["publish", "a", undefined, 12, "NATS/1.0\r\n\r\nhi"]],
  ["HPUB a r 0 2\r\nhi\r\n", ["publish", "a", "r", 0, "hi"]],
  ["SUB a.* 9\r\n", ["subscribe", "a.*", undefined, "9"]],
  ["SUB > workers sid\r\n", ["subscribe", ">", "workers", "sid"]],
  ["UNSUB 9\r\n", ["unsubscribe", "9", 0]],
  ["UNSUB 9 3\r\n", ["unsubscribe", "9", 3]],
  ["UNSUB 9 many\r\n", ["unsubscribe", "9", 0]],
  ["INFO {}\r\n+OK\r\n+OK and more\r\nPING\r\n", ["ping"]],
  ["-ERR 'x'\r\n", ["fail", "complaint"]],
  ["PUB a 1\r\nxPING\r\n", ["fail", "unknown-operation"]],
  ["PUB a 1\r\nx\n", ["fail", "unknown-operation"]],
  ["PUB a 1\r\nx\rP", ["fail", "unknown-operation"]],
  ["PUB a 1025\r\n", ["fail", "payload-too-large"]],
  ["PUB a 1234567890\r\n", ["fail", "bad-arguments"]],
  ["PUB a\r\n", ["fail", "bad-arguments"]],
  ["PUB a b c 1\r\n", ["fail", "bad-arguments"]],
  ["PUB a -1\r\n", ["fail", "bad-arguments"]],
  ["PUB a\xff 0\r\n", ["fail", "bad-arguments"]],
  ["HPUB a 3 2\r\n", ["fail", "bad-arguments"]],
  ["HPUB a 2\r\n", ["fail", "bad-arguments"]],
  ["SUB a\r\n", ["fail", "bad-arguments"]],
  ["SUB a b c d e f g\r\n", ["fail", "bad-arguments"]],
  ["UNSUB 1 2 3\r\n", ["fail", "bad-arguments"]],
  ["PUB\r\n", ["fail", "unknown-operation"]],
  ["PUBS a 0\r\n", ["fail", "unknown-operation"]],
  ["MSG a 1 0\r\n", ["fail", "unknown-operation"]],
  ["\r\n", ["fail", "unknown-operation"]],
  ["PUX", ["fail", "unknown-operation"]],
  [`SUB ${"a".repeat(126)} 1\r\n`, ["subscribe", "a".repeat(126), undefined, "1"]],
  [`SUB ${"a".repeat(127)} 1\r\n`, ["fail", "control-line-too-long"]],
  [`SUB ${"a".repeat(129)}`, ["fail", "control-line-too-long"]],
  [`PING${" ".repeat(1_000)}\r\nPONG\r\n`, ["ping"], ["pong"]],
];

/** All verbs in a row, payloads with line ends in them, and a failure now and then. */
const stream = fc.array(fc.constantFrom(...CASES.map(([text]) => text)), { maxLength: 8 })
  .map((texts) => bytesOf(texts.join("")));

function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const bounds = [0, ...positions.map((position) => position % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

for (const [text, ...operations] of CASES) {
  const shown = text.length > 60 ? `${text.slice(0, 20)}… (${text.length} bytes)` : text;
  Deno.test(`the parser reads ${JSON.stringify(shown)}`, () => deepEqual(parseText(text), operations));
}

Deno.test("a stream means the same wherever it is cut", () => {
  fc.assert(fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, positions) => {
    deepEqual(parse(...cut(bytes, positions)), parse(bytes));
  }));
});

Deno.test("a stream means the same byte by byte", () => {
  fc.assert(fc.property(stream, (bytes) => {
    deepEqual(parse(...Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))), parse(bytes));
  }));
});

Deno.test("any bytes, cut anywhere, are operations and at most one failure, the last thing said", () => {
  const noise = fc.oneof(fc.uint8Array({ maxLength: 300 }), stream);
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 10 }), (parts, positions) => {
      const bytes = bytesOf(parts.map(latin1).join(""));
      const operations = parse(...cut(bytes, positions));
      const failures = operations.filter(([verb]) => verb === "fail");
      ok(failures.length <= 1);
      if (failures.length === 1) equal(operations.at(-1)?.[0], "fail");
    }),
  );
});

Deno.test("random payloads arrive as they were sent, in any pieces", () => {
  const message = fc.tuple(fc.uint8Array({ maxLength: 1_024 }), fc.nat());
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, positions) => {
      const sent = messages.map(([payload, header]) => [latin1(payload), header % (payload.length + 1)] as const);
      const text = sent.map(([body, header]) => `HPUB a ${header} ${body.length}\r\n${body}\r\n`).join("");
      deepEqual(
        parse(...cut(bytesOf(text), positions)),
        sent.map(([body, header]) => ["publish", "a", undefined, header, body]),
      );
    }),
  );
});

Deno.test("after stop() nothing is read, not even the rest of the chunk", () => {
  const sink = new RecordingSink();
  const parser = parserFor(sink);
  sink.onOperation = () => parser.stop();
  parser.push(bytesOf("PING\r\nPONG\r\nFOO\r\n"));
  parser.push(bytesOf("PING\r\n"));
  deepEqual(sink.operations, [["ping"]]);
});

Deno.test("until the client is known, anything but CONNECT fails at its first byte", () => {
  for (const text of ["P", "SUB a 1\r\n", "\r\n", "\0"]) {
    const sink = new RecordingSink();
    sink.mayOnlyConnect = true;
    parserFor(sink).push(bytesOf(text));
    deepEqual(sink.operations, [["fail", "connect-expected"]], text);
  }
});

Deno.test("CONNECT may let the rest of its own chunk in", () => {
  const sink = new RecordingSink();
  sink.mayOnlyConnect = true;
  sink.onOperation = () => sink.mayOnlyConnect = false;
  parserFor(sink).push(bytesOf("CONNECT {}\r\nPING\r\n"));
  deepEqual(sink.operations, [["connect", "{}"], ["ping"]]);
});

Deno.test("HPUB fails while headers are not agreed", () => {
  const sink = new RecordingSink();
  sink.acceptsHeaders = false;
  parserFor(sink).push(bytesOf("PUB a 0\r\n\r\nHPUB a 0 0\r\n\r\n"));
  deepEqual(sink.operations, [["publish", "a", undefined, 0, ""], ["fail", "headers-not-agreed"]]);
});

Deno.test("a payload in one chunk is a view of it, one over several chunks is owned and stays what it is", () => {
  const sink = new RecordingSink();
  const seen: PublishOperation[] = [];
  sink.publish = (operation) => void seen.push(operation);
  const parser = parserFor(sink);
  const whole = bytesOf("PUB a 2\r\nhi\r\nPUB a 4\r\nwo");
  parser.push(whole);
  parser.push(bytesOf("rd\r\n"));
  whole.fill(0x58);
  const [view, owned] = seen;
  deepEqual([view?.owned, owned?.owned], [false, true]);
  equal(view?.payload.buffer, whole.buffer);
  equal(latin1(owned?.payload ?? new Uint8Array()), "word");
});
