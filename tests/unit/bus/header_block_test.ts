/** Header blocks there and back, and in the form that NATS gives them. @module */
import { deepEqual, equal, throws } from "node:assert/strict";
import { decodeHeaders, encodeHeaders, headersSize } from "../../../bus/header_block.ts";
import { fc } from "../../../deps/fast_check.ts";

const nameChar = fc.integer({ min: 33, max: 126 }).filter((code) => code !== 58).map((code) =>
  String.fromCharCode(code)
);
const name = fc.array(nameChar, { minLength: 1, maxLength: 12 }).map((chars) => chars.join(""));
const value = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "").trim());

Deno.test("decodeHeaders() gives back what encodeHeaders() took", () => {
  fc.assert(fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (headers) => {
    const block = encodeHeaders(headers);
    deepEqual(decodeHeaders(block), { status: undefined, headers });
    equal(headersSize(headers), headers.length === 0 ? 0 : block.length);
  }));
});

Deno.test("a block is written as NATS writes it", () => {
  const text = (block: Uint8Array) => new TextDecoder().decode(block);
  equal(text(encodeHeaders([["A", "b"], ["A", "c"]])), "NATS/1.0\r\nA: b\r\nA: c\r\n\r\n");
  equal(text(encodeHeaders([], "503")), "NATS/1.0 503\r\n\r\n");
});

Deno.test("decodeHeaders() reads a status, values without a blank, and refuses what is no block", () => {
  const decode = (text: string) => decodeHeaders(new TextEncoder().encode(text));
  deepEqual(decode("NATS/1.0 503\r\n\r\n"), { status: 503, headers: [] });
  deepEqual(decode("NATS/1.0 100 Idle\r\na:b:c\r\n\r\n"), { status: 100, headers: [["a", "b:c"]] });
  equal(decode("HTTP/1.1 200\r\n\r\n"), undefined);
  equal(decode(""), undefined);
});

Deno.test("encodeHeaders() refuses names and values that would be read as something else", () => {
  for (const bad of [["", "a"], ["a:b", "c"], ["a", "b\r\nc: d"], ["a", " b"], ["a\n", "b"]] as const) {
    throws(() => encodeHeaders([bad]), { name: "TypeError", message: /^Cannot send the header/ });
  }
});
