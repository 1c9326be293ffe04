import assert from "node:assert/strict";
import type { SchedulerEvent } from "../../../scheduler/core/events.ts";
import { Doubts } from "../../../scheduler/leadership.ts";

/** A right that comes and goes as the test says, and what became of the doubts about it. */
function stage() {
  let confirmed = Promise.withResolvers<void>();
  const lead = { valid: true, whenValid: () => confirmed.promise };
  const log: string[] = [];
  const doubts = new Doubts(lead, {
    began: () => void log.push("in doubt"),
    take: (event) => void log.push(`${event.kind} at ${event.at}`),
  });
  const confirm = async () => {
    lead.valid = true;
    const over = doubts.current()?.over;
    confirmed.resolve();
    await over;
    confirmed = Promise.withResolvers();
  };
  return { lead, log, doubts, confirm };
}

const woke = (at: number): SchedulerEvent => ({ kind: "woke", at });

Deno.test("what happens while leadership is in doubt is taken in, in order, when it is confirmed", async () => {
  const { lead, log, doubts, confirm } = stage();
  assert.equal(doubts.current(), null);
  lead.valid = false;
  doubts.current()?.events.push(woke(1));
  doubts.current()?.events.push(woke(2));
  assert.deepEqual(log, ["in doubt"]);
  // It is valid again, and what was held comes first.
  lead.valid = true;
  doubts.current()?.events.push(woke(3));
  await confirm();
  assert.deepEqual(log, ["in doubt", "woke at 1", "woke at 2", "woke at 3"]);
  assert.equal(doubts.current(), null);
});

Deno.test("leadership that is lost takes nothing in any more", async () => {
  const { lead, log, doubts } = stage();
  lead.valid = false;
  doubts.current()?.events.push(woke(1));
  await Promise.resolve();
  assert.notEqual(doubts.current(), null);
  assert.deepEqual(log, ["in doubt"]);
});

Deno.test("where nobody stands by there is no doubt", () => {
  assert.equal(new Doubts(undefined, { began: () => assert.fail(), take: () => assert.fail() }).current(), null);
});
