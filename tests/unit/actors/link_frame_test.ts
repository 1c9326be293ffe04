import assert from "node:assert/strict";
import {
  encodeBye,
  encodeData,
  encodeHello,
  encodePart,
  encodeReset,
  encodeState,
  isNodeAddress,
  parseFrame,
  partOverhead,
} from "../../../actors/frame.ts";
import { frameSegments, SegmentReader } from "../../../actors/frame_segments.ts";
import { frameSize } from "../../../actors/frame_size.ts";
import type { LinkMessage } from "../../../actors/link_port.ts";
import { fc } from "../../../deps/fast_check.ts";
import { PROTOCOL_VERSION } from "../../../protocol/version.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { decodeFrame, encodeFrame } from "../../../wire/frame_codec.ts";
import { endsOf } from "./link_harness.ts";

const ENDS = endsOf({ toIncarnation: "y1", toGeneration: 2 });
const STATE = { sent: 9, ack: 3, credit: 100, asks: true, misses: false };
const PART = { seq: 4, ack: 3, credit: 100, offset: 2, total: 5, chunk: new Uint8Array([1, 2, 3]) };

Deno.test("every kind of frame comes back as it was", () => {
  assert.deepEqual(parseFrame(encodeHello(ENDS, 7)), { kind: "hello", ...ENDS, credit: 7 });
  assert.deepEqual(parseFrame(encodeHello(endsOf({}), 7)), { kind: "hello", ...endsOf({}), credit: 7 });
  assert.deepEqual(parseFrame(encodeData(ENDS, 1, 2, 3, [["m"]])), {
    kind: "data",
    ...ENDS,
    seq: 1,
    ack: 2,
    credit: 3,
    messages: [["m"]],
  });
  assert.deepEqual(parseFrame(encodePart(ENDS, PART)), { kind: "part", ...ENDS, ...PART });
  for (const flags of [{}, { asks: false, misses: true }, { misses: true }]) {
    assert.deepEqual(parseFrame(encodeState(ENDS, { ...STATE, ...flags })), {
      kind: "state",
      ...ENDS,
      ...STATE,
      ...flags,
    });
  }
  const about = { aboutIncarnation: "z1", aboutGeneration: 8 };
  assert.deepEqual(parseFrame(encodeReset(ENDS, "z1", 8)), { kind: "reset", ...ENDS, ...about });
  assert.deepEqual(parseFrame(encodeBye(ENDS)), { kind: "bye", ...ENDS });
});

Deno.test("a frame of another protocol is known as such, whatever follows its head", () => {
  const later = [99, 0, "node.x", "x1", 1, null, 0, { all: "new" }, "fields"];
  assert.deepEqual(parseFrame(encodeFrame(later)), { kind: "foreign", ...endsOf({}), protocol: 99, isHello: true });
});

Deno.test("a frame that has grown at its end is understood", () => {
  const grown = [PROTOCOL_VERSION, 5, "node.x", "x1", 1, "y1", 2, "new field"];
  assert.deepEqual(parseFrame(encodeFrame(grown)), { kind: "bye", ...ENDS });
});

const MALFORMED: readonly (readonly [what: string, value: unknown])[] = [
  ["no array", { kind: "data" }],
  ["empty", []],
  ["an unknown kind", [PROTOCOL_VERSION, 6, "node.x", "x1", 1, "y1", 2]],
  ["a negative generation", [PROTOCOL_VERSION, 5, "node.x", "x1", -1, "y1", 2]],
  ["a fraction", [PROTOCOL_VERSION, 5, "node.x", "x1", 1.5, "y1", 2]],
  ["no incarnation", [PROTOCOL_VERSION, 5, "node.x", "", 1, "y1", 2]],
  ["an endless incarnation", [PROTOCOL_VERSION, 5, "node.x", "x".repeat(65), 1, "y1", 2]],
  ["a wildcard for an address", [PROTOCOL_VERSION, 5, "node.*", "x1", 1, "y1", 2]],
  ["an unknown role", [PROTOCOL_VERSION, 5, "king.x", "x1", 1, "y1", 2]],
  ["messages that are none", [PROTOCOL_VERSION, 1, "node.x", "x1", 1, "y1", 2, 1, 0, 0, ["text"]]],
  ["no messages", [PROTOCOL_VERSION, 1, "node.x", "x1", 1, "y1", 2, 1, 0, 0]],
  ["a part beyond its whole", [PROTOCOL_VERSION, 2, "node.x", "x1", 1, "y1", 2, 1, 0, 0, 4, 5, new Uint8Array(2)]],
  ["an empty part", [PROTOCOL_VERSION, 2, "node.x", "x1", 1, "y1", 2, 1, 0, 0, 4, 5, new Uint8Array()]],
  ["a hello from no end", [PROTOCOL_VERSION, 0, "node.x", "x1", 0, null, 0, 100]],
];

for (const [what, value] of MALFORMED) {
  Deno.test(`no frame: ${what}`, () => assert.equal(parseFrame(encodeFrame(value)), null));
}

Deno.test("no bytes at all make parseFrame throw", () => {
  const frames = [encodeHello(ENDS, 7), encodeData(ENDS, 1, 2, 3, [["m", new Uint8Array(9)]]), encodePart(ENDS, PART)];
  const mutated = fc.tuple(fc.constantFrom(...frames), fc.nat(), fc.integer({ min: 0, max: 255 })).map(
    ([frame, at, byte]) => frame.with(at % frame.length, byte),
  );
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated), (bytes) => {
    parseFrame(bytes);
  }));
});

Deno.test("a part with the longest head stays within what partOverhead says", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const ends = endsOf({
    from: `controller.${"n".repeat(128)}`,
    incarnation: "i".repeat(64),
    generation: most,
    toIncarnation: "j".repeat(64),
    toGeneration: most,
  });
  const chunk = new Uint8Array(70_000);
  const bytes = encodePart(ends, { seq: most, ack: most, credit: most, offset: 0, total: most, chunk });
  assert.ok(bytes.length <= chunk.length + partOverhead(ends), `${bytes.length - chunk.length} bytes of head`);
});

Deno.test("addresses are a role and a name without anything that means something in a subject", () => {
  for (const good of ["host.a1", "controller.main", "client.x_Y-9", "node.0"]) assert.ok(isNodeAddress(good), good);
  for (const bad of ["host", "host.", "host.a.b", "host.>", "host.a b", "hosts.a", "", 7, null]) {
    assert.ok(!isNodeAddress(bad), String(bad));
  }
});

Deno.test("frameSize is near the encoded length", () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.uint8Array());
  const messages = fc.array(
    fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string().filter((key) => key !== "__proto__"), leaf)),
  );
  fc.assert(fc.property(messages, (message) => {
    const [guess, length] = [frameSize(message), encodeFrame(message).length];
    assert.ok(guess * 4 >= length && guess <= length * 5 + 8, `${guess} for ${length}`);
  }));
});

Deno.test("frameSize refuses what cannot travel", () => {
  const bad: LinkMessage[] = [[() => {}], [Symbol("s")], [[{ deep: 1n }]]];
  for (const message of bad) assert.throws(() => frameSize(message), SerializationError);
});

Deno.test("what frameSize lets through nested as deep as it may be can be encoded in a frame", () => {
  const nest = (levels: number): LinkMessage => levels === 1 ? [] : [nest(levels - 1)];
  let deepest = 0;
  for (let levels = 1; levels < 200; levels++) {
    try {
      frameSize(nest(levels));
      deepest = levels;
    } catch {
      break;
    }
  }
  assert.ok(deepest > 90, `${deepest} levels`);
  assert.notEqual(parseFrame(encodeData(ENDS, 1, 0, 0, [nest(deepest)])), null);
  assert.throws(() => frameSize(nest(deepest + 1)), SerializationError);
});

Deno.test("the pieces of a long value, joined and cut anywhere, are what encodeFrame makes of it, but for header lengths", () => {
  const long = new Uint8Array(70_000).fill(5);
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.uint8Array(), fc.constant(long));
  const values = fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 40 }), fc.dictionary(fc.string(), leaf)));
  fc.assert(
    fc.property(values, fc.integer({ min: 1_000, max: 100_000 }), (value, chunk) => {
      const reader = new SegmentReader(frameSegments(value));
      const joined = new Uint8Array(reader.length);
      while (reader.offset < reader.length) {
        const { offset } = reader;
        joined.set(reader.read(chunk), offset);
      }
      assert.deepEqual(decodeFrame(joined), decodeFrame(encodeFrame(value)));
    }),
    { numRuns: 50 },
  );
});

Deno.test("the pieces of a long value hold its bytes and no copy of them", () => {
  const long = new Uint8Array(1_000_000);
  const segments = frameSegments(["a", [{ long }, "b"], new Float64Array(20_000)]);
  assert.ok(segments.some((segment) => segment.buffer === long.buffer));
  assert.ok(segments.reduce((sum, { length, buffer }) => buffer === long.buffer ? sum : sum + length, 0) < 161_000);
});
