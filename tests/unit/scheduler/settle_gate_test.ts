import assert from "node:assert/strict";
import type { Session } from "../../../protocol/ids.ts";
import type { SettledMessage } from "../../../protocol/messages.ts";
import { SettleGate } from "../../../scheduler/settle_gate.ts";

const session = "s" as Session;

/** A gate whose timer the test turns. */
function stage() {
  const sent: number[][] = [];
  const timers: (() => void)[] = [];
  const gate = new SettleGate({
    send: (_session, results) => void sent.push(results.map(([counter]) => counter)),
    after: (_delayMs, task) => timers.push(task),
  });
  gate.attached(session);
  return { gate, sent, fire: () => timers.splice(0).forEach((task) => task()), timers };
}

function results(from: number, count: number): SettledMessage[] {
  return Array.from({ length: count }, (_, index) => [from + index, 0, new Uint8Array(), null, null, 1, 0, 0]);
}

Deno.test("a client that waits for few tasks gets each result at once", () => {
  const { gate, sent, timers } = stage();
  gate.submitted(session, 3);
  gate.push(session, results(0, 1));
  gate.push(session, results(1, 1));
  assert.deepEqual(sent, [[0], [1]]);
  assert.equal(timers.length, 0);
});

Deno.test("results for a client that waits for many are held together for a moment, in order", () => {
  const { gate, sent, fire, timers } = stage();
  gate.submitted(session, 1_000);
  gate.push(session, results(0, 1));
  gate.push(session, results(1, 2));
  assert.deepEqual(sent, []);
  assert.equal(timers.length, 1);
  fire();
  assert.deepEqual(sent, [[0, 1, 2]]);
});

Deno.test("the last results of many leave at once, behind those that were held", () => {
  const { gate, sent } = stage();
  gate.submitted(session, 65);
  gate.push(session, results(0, 1));
  gate.push(session, results(1, 1));
  assert.deepEqual(sent, [[0, 1]]);
  gate.push(session, results(2, 1));
  assert.deepEqual(sent, [[0, 1], [2]]);
});

Deno.test("a full batch is not held", () => {
  const { gate, sent } = stage();
  gate.submitted(session, 10_000);
  gate.push(session, results(0, 1));
  gate.push(session, results(1, 255));
  assert.deepEqual(sent.map((batch) => batch.length), [256]);
});

Deno.test("a client that begins anew is not held up by what it waited for before", () => {
  const { gate, sent } = stage();
  gate.submitted(session, 1_000);
  gate.attached(session);
  gate.push(session, results(0, 1));
  assert.deepEqual(sent, [[0]]);
});
