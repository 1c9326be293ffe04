import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { newPipeKey, pieceStart, pipeFrame, PipeParser, PipeViolation } from "../../../wire/pipe_frames.ts";
import { MAX_FRAME_BYTES } from "../../../protocol/pipe_messages.ts";

const KEY = 0xfedcba98;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Cuts bytes at the given places and feeds them. */
function feed(bytes: Uint8Array, cuts: readonly number[]): unknown[] {
  const parser = new PipeParser(KEY);
  const received: unknown[] = [];
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index++) {
    parser.feed(bytes.slice(places[index - 1], places[index]), (message) => received.push(message));
  }
  return received;
}

const messages = fc.array(
  fc.array(fc.oneof(fc.integer(), fc.string(), fc.uint8Array({ maxLength: 300 }), fc.constant(null)), { maxLength: 5 }),
  { maxLength: 6 },
);

Deno.test("frames come out of any split of the stream as they went in", () => {
  fc.assert(fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
    assert.deepEqual(feed(joined(list.map((message) => pipeFrame(KEY, message))), cuts), list);
  }));
});

Deno.test("foreign bytes before, between or after frames are found out, however they are split", () => {
  const foreign = fc.uint8Array({ minLength: 4, maxLength: 40 }).filter((bytes) => bytes[0] !== KEY >>> 24);
  fc.assert(
    fc.property(messages, fc.nat(), foreign, fc.array(fc.nat(), { maxLength: 8 }), (list, place, bytes, cuts) => {
      const frames = list.map((message) => pipeFrame(KEY, message));
      frames.splice(place % (frames.length + 1), 0, bytes as Uint8Array<ArrayBuffer>);
      assert.throws(() => feed(joined(frames), cuts), PipeViolation);
    }),
  );
});

Deno.test("a single foreign byte is found out at once", () => {
  assert.throws(() => feed(new TextEncoder().encode("h"), []), /Found "h" on the pipe/);
});

Deno.test("a frame of another key, too long a frame and a frame without a message are refused", () => {
  assert.throws(() => feed(pipeFrame(KEY + 1, [1]), []), PipeViolation);
  const long = pipeFrame(KEY, [1]);
  new DataView(long.buffer).setUint32(4, MAX_FRAME_BYTES + 1);
  assert.throws(() => feed(long, []), PipeViolation);
  assert.throws(() => feed(pipeFrame(KEY, "text" as unknown as unknown[]), []), /holds no message/);
  const broken = pipeFrame(KEY, [1, 2]);
  broken[8] = 0xc1;
  assert.throws(() => feed(broken, []), /can't be decoded/);
});

Deno.test("a frame that arrives byte by byte costs no more than it has", () => {
  const bytes = pipeFrame(KEY, [new Uint8Array(100_000)]);
  const parser = new PipeParser(KEY);
  let received = 0;
  for (let at = 0; at < bytes.length; at += 7) parser.feed(bytes.slice(at, at + 7), () => received++);
  assert.equal(received, 1);
});

Deno.test("the first byte of any ASCII text is found out, whatever the key", () => {
  for (let round = 0; round < 200; round++) {
    const key = new DataView(newPipeKey().buffer).getUint32(0);
    for (let byte = 0; byte < 128; byte++) {
      assert.throws(() => new PipeParser(key).feed(new Uint8Array([byte]), () => {}), PipeViolation);
    }
  }
});

Deno.test("pieces come part by part where they are asked for so, and as messages where they are whole or not asked for", () => {
  const PIECE = 4;
  for (const [value, total, offset] of [[1, 90_000, 0], [200, 5_000_000_000, 4_000_000_000], [70_000, 65_536, 255]]) {
    const bytes = Uint8Array.from({ length: 50_000 }, (_, index) => index * 7);
    const start = pieceStart(KEY, [PIECE, value ?? 0, total ?? 0, offset ?? 0], bytes.length);
    const stream = joined([pipeFrame(KEY, ["before"]), joined([start, bytes]), pipeFrame(KEY, ["after"])]);
    for (const kind of [PIECE, null]) {
      for (const cut of [9, 12, 20, 45, 1_000, 49_990]) {
        const parser = new PipeParser(KEY, kind);
        const told: unknown[] = [];
        const got = new Uint8Array(bytes.length);
        let filled = 0;
        for (let at = 0; at < stream.length; at += cut) {
          parser.feed(stream.slice(at, at + cut), (message) => told.push(message), (number, all, place, part) => {
            assert.deepEqual([number, all, place], [value, total, (offset ?? 0) + filled]);
            got.set(part, filled);
            filled += part.length;
          });
        }
        const asMessage = [PIECE, value, total, offset, bytes];
        const isStreamed = filled > 0;
        assert.deepEqual(told, isStreamed ? [["before"], ["after"]] : [["before"], asMessage, ["after"]]);
        if (isStreamed) assert.deepEqual(got, bytes);
        if (kind === null || cut >= 1_000) assert.equal(isStreamed, kind !== null);
      }
    }
  }
});
