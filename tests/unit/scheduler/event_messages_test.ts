import assert from "node:assert/strict";
import type { ClientHello, HostHello, SubmitMessage } from "../../../protocol/messages.ts";
import {
  clientAttached,
  clientEnded,
  hostJoined,
  slotsChanged,
  tasksSubmitted,
} from "../../../scheduler/event_messages.ts";
import { SerializationError } from "../../../wire/errors.ts";

const submit = (...rest: unknown[]) => ["sess", [], [], [], ...rest] as unknown as SubmitMessage;

Deno.test("a batch says whether more follows, and what became of tasks of its session; what is missing is no", () => {
  const { event } = tasksSubmitted(
    submit(true, [[4, true, 2, "u2", null], [5, false, null, null, "TaskAborted"], [6, false]]),
    7,
  );
  assert.deepEqual([event.at, event.more], [7, true]);
  assert.deepEqual(event.known, [
    { task: "sess-4", ok: true, engine: 2, engineUuid: "u2", error: null },
    { task: "sess-5", ok: false, engine: null, engineUuid: null, error: "TaskAborted" },
    { task: "sess-6", ok: false, engine: null, engineUuid: null, error: null },
  ]);
  const plain = tasksSubmitted(submit(), 7).event;
  assert.deepEqual([plain.more, plain.known], [false, []]);
});

Deno.test("an outcome that is none is refused", () => {
  for (
    const known of [5, [5], [[]], [[-1, true]], [[1, "yes"]], [[1, true, "e"]], [[1, true, 0, 5]], [[
      1,
      false,
      0,
      "u",
      5,
    ]]]
  ) {
    assert.throws(() => tasksSubmitted(submit(false, known), 0), SerializationError);
  }
});

Deno.test("a host says which of its engines are on their way back; one that does not has none", () => {
  const hello = (...rest: unknown[]) => [1, "0", "h", "i", "box", 1, 0, [], [], 1, ...rest] as unknown as HostHello;
  assert.deepEqual(hostJoined(hello([3, 5]), 7).returning, [3, 5]);
  assert.deepEqual(hostJoined(hello(), 7).returning, []);
  for (const bad of [null, 3, [-1], ["3"]]) assert.throws(() => hostJoined(hello(bad), 0), SerializationError);
});

Deno.test("a host says whose slots are lent; what is no list of numbers is refused", () => {
  const event = slotsChanged("h" as never, 1 as never, [1, 2] as never, [], 7);
  assert.deepEqual([event.host, event.lent, event.retaken], ["h", [1, 2], []]);
  for (const [lent, retaken] of [[1, []], [[], ["1"]], [[-1], []], [[], undefined]]) {
    assert.throws(() => slotsChanged("h" as never, 1 as never, lent as never, retaken as never, 7), SerializationError);
  }
  assert.throws(() => clientEnded(5 as never, 7), SerializationError);
});

Deno.test("a client in an engine says whose engine it is", () => {
  const hello = (...rest: unknown[]) => [1, "0", "sess", "sess", 0, ...rest] as unknown as ClientHello;
  assert.deepEqual([clientAttached(hello(), 7).engineHost, clientAttached(hello("h"), 7).engineHost], [null, "h"]);
  assert.throws(() => clientAttached(hello(5), 7), SerializationError);
});
