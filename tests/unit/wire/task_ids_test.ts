/** Ids: made here, read back here, and nothing else taken for one. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import type { Session } from "../../../protocol/ids.ts";
import { newSession, parseTaskId, taskId } from "../../../wire/task_ids.ts";

Deno.test("a task id is read back as what it was made of", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{10}$/), fc.maxSafeNat(), (session, counter) => {
      assert.deepStrictEqual(parseTaskId(taskId(session as Session, counter)), { session, counter });
    }),
  );
});

Deno.test("one counter has one spelling, and other texts are no ids", () => {
  const wrong = ["", "-", "-1", "abc", "abc-", "abc-01", "abc-+1", "abc--1", "abc-1e3", "abc-1.5", "abc- 1", "abc-0x1"];
  for (const text of [...wrong, "ABC-1", "a c-1", "abc-1-2", "abc-9007199254740993", "ab\u00e9-1", "abc-Infinity"]) {
    assert.equal(parseTaskId(text), null, text);
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parts = parseTaskId(text);
      if (parts !== null) assert.equal(taskId(parts.session, parts.counter), text);
    }),
  );
});

Deno.test("sessions are ten letters or digits, and do not repeat", () => {
  const seen = new Set<string>();
  for (let index = 0; index < 1_000; index++) {
    const id = newSession();
    assert.match(id, /^[a-z0-9]{10}$/);
    seen.add(id);
  }
  assert.equal(seen.size, 1_000);
});
