/** Names of bytes. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { contentHash, isContentHash } from "../../../wire/content_hash.ts";
import { someBytes } from "./arbitrary_values.ts";

Deno.test("contentHash() is SHA-256 in lower-case hexadecimal", async () => {
  assert.equal(contentHash(new TextEncoder().encode("abc")), ABC);
  await fc.assert(fc.asyncProperty(someBytes, async (bytes) => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
    assert.equal(contentHash(bytes), [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }));
});

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Deno.test("only a hash is taken for one, so none can be a path", () => {
  assert.ok(isContentHash(ABC));
  for (
    const text of ["", "../".repeat(22).slice(0, 64), ABC.toUpperCase(), `${ABC}0`, `${ABC}\n`, ABC.slice(1), 1, null]
  ) {
    assert.ok(!isContentHash(text), String(text));
  }
});
