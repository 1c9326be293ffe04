import assert from "node:assert/strict";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeArguments, encodeValue } from "../../../wire/value_codec.ts";

/** Never written to, so it takes addresses and no memory. */
const FIVE_GB = 5_000_000_000;

Deno.test("a value of 5 GB is an error that says the limit and what to do, before room is made for it", () => {
  const array = new Float64Array(FIVE_GB / 8);
  const before = Deno.memoryUsage().rss;
  assert.throws(() => encodeArguments([{ samples: array }]), (error) => {
    assert.ok(error instanceof SerializationError);
    assert.match(
      error.message,
      /args\[0\]\.samples: .*5,000,000,0\d\d bytes, past the limit of 4,293,918,720 \(4 GiB\).*subarray/,
    );
    return true;
  });
  assert.ok(Deno.memoryUsage().rss - before < 50e6);
});

Deno.test("several arrays in one value count together", () => {
  const part = new Uint8Array(1_500_000_000);
  assert.throws(() => encodeValue([part, part, part]), /value\[2\]: .*4,500,000,000 bytes, past the limit of/);
});
