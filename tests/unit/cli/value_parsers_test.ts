import assert from "node:assert/strict";
import { clusterName, highWaterMark, natsUrls, readDuration, readKeep } from "../../../cli/value_parsers.ts";
import { fc } from "../../../deps/fast_check.ts";

Deno.test("durations are read in ms, s, m and h, and ms is meant without a unit", () => {
  const read = ["500", "500ms", "1.5s", "5m", "1h"].map(readDuration);
  assert.deepEqual(read, [500, 500, 1_500, 300_000, 3_600_000]);
  for (const wrong of ["", "s", "-1", "1 s", "1d", "1e3", "Infinity"]) {
    assert.equal(readDuration(wrong), undefined, wrong);
  }
});

Deno.test("what is kept is read in any order, and one bad part spoils it", () => {
  assert.deepEqual(readKeep("1h, 256MB,100000"), { records: 100_000, ageMs: 3_600_000, bytes: 256_000_000 });
  assert.deepEqual(readKeep("10kb"), { bytes: 10_000 });
  for (const wrong of ["", "5,", "5 records", "1TB,5"]) assert.equal(readKeep(wrong), undefined, wrong);
});

Deno.test("a cluster's name is taken exactly when it is a safe file name and subject token", () => {
  fc.assert(fc.property(fc.string({ maxLength: 70 }), (input) => {
    const safe = input.length >= 1 && input.length <= 63 && [...input].every((char) => /[a-z0-9-]/.test(char));
    assert.equal(clusterName.parse(input).success, safe);
  }));
  assert.equal(clusterName.parse("my-cluster-2").success, true);
});

Deno.test("a high-water mark is a whole number or auto", () => {
  for (const [input, value] of [["0", 0], ["12", 12], ["auto", "auto"]] as const) {
    assert.deepEqual(highWaterMark.parse(input), { success: true, value });
  }
  for (const wrong of ["-1", "1.5", "all", ""]) assert.equal(highWaterMark.parse(wrong).success, false, wrong);
});

Deno.test("no part of a secret in a URL is repeated in the refusal", () => {
  for (const input of ["nats://ann:hunter2@host:4222", "hunter2@host", "nats://host:4222,nats://b:hunter2@other"]) {
    const result = natsUrls.parse(input);
    assert.equal(result.success, false);
    assert.doesNotMatch(JSON.stringify(result), /hunter2/);
  }
  assert.deepEqual(natsUrls.parse("nats://a:4222, b:4223"), { success: true, value: ["nats://a:4222", "b:4223"] });
});
