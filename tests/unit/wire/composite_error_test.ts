import assert from "node:assert/strict";
import { CompositeError, EngineError, RemoteError, TaskAborted } from "../../../wire/errors.ts";

function remote(cause: unknown, engineId: number, task: number): RemoteError {
  const msgId = `a1-${task}`;
  const message = `Task "${msgId}" on engine ${engineId} threw ${String(cause)}`;
  return new RemoteError(message, { remoteName: "TypeError", remoteStack: "", engineId, msgId, cause });
}

Deno.test("equal errors are one line, with their engines and tasks", () => {
  const errors = [[2, 3], [0, 9], [2, 11]].map(([engine = 0, task = 0]) =>
    remote(new TypeError("x is not a function"), engine, task)
  );
  const error = new CompositeError(errors, 100);
  assert.equal(
    error.message,
    "3 of 100 tasks failed: TypeError: x is not a function (engines 0, 2; tasks a1-3, a1-9, a1-11)",
  );
  assert.deepEqual(error.errors, errors);
});

Deno.test("four groups are shown, the rest is counted, in the order of the items", () => {
  const causes = ["a", "b", "a", "c", "d", "e", "f", "e"];
  const error = new CompositeError(causes.map((cause, index) => remote(new Error(cause), 0, index)), 20);
  assert.deepEqual(error.message.split("\n"), [
    "8 of 20 tasks failed:",
    "  2 × Error: a (engine 0; tasks a1-0, a1-2)",
    "  Error: b (engine 0; task a1-1)",
    "  Error: c (engine 0; task a1-3)",
    "  Error: d (engine 0; task a1-4)",
    "  … and 3 more, of 2 kinds",
  ]);
});

Deno.test("errors of the system that differ in the task alone are equal; long lists are cut", () => {
  const aborted = [1, 2].map((task) => new TaskAborted(`Task "a1-${task}" was aborted.`));
  const died = [new EngineError('Cannot finish task "a1-3": engine 7 died')];
  assert.deepEqual(new CompositeError([...aborted, ...died]).message.split("\n"), [
    "3 of 3 tasks failed:",
    '  2 × TaskAborted: Task "…" was aborted.',
    '  EngineError: Cannot finish task "a1-3": engine 7 died',
  ]);
  const many = Array.from({ length: 50 }, (_, task) => remote("no", task % 2, task));
  assert.equal(
    new CompositeError(many).message,
    "50 of 50 tasks failed: threw no (engines 0, 1; tasks a1-0, a1-1, a1-2, …)",
  );
});

Deno.test("whatever was thrown, it can be described", () => {
  const hostile = { toString: () => JSON.parse("{") };
  assert.equal(new CompositeError([hostile, null, "x"]).errors.length, 3);
});

Deno.test("inspected, it shows a stack for each group and not for each error", () => {
  const errors = Array.from({ length: 100 }, (_, task) => remote(new TypeError("bad"), 0, task));
  const text = Deno.inspect(new CompositeError(errors));
  assert.match(text, /100 of 100 tasks failed: TypeError: bad/);
  assert.match(text, /\[one of them, and 99 like it\] RemoteError: Task "a1-0" on engine 0 threw TypeError: bad/);
  assert.ok(text.split("\n").length < 60, text);
});
