import assert from "node:assert/strict";
import type { ContentHash, EngineId, TaskId } from "../../../protocol/ids.ts";
import { RAN } from "../../../protocol/pipe_messages.ts";
import { TaskOutput } from "../../../engine/task_output.ts";
import { TaskRunner, type Template } from "../../../engine/task_runner.ts";
import { decodeValue, encodeArguments } from "../../../wire/value_codec.ts";

const CODES = ["done", "threw", "declined", "dropped"];

function stage() {
  const ended: [number, string, unknown][] = [];
  const waiting: (() => void)[] = [];
  const runner = new TaskRunner(0 as EngineId, new TaskOutput(), {
    ended(number, code, body) {
      ended.push([number, CODES[code] ?? "?", body === null ? null : decodeValue(body)]);
      waiting.splice(0).forEach((wake) => wake());
    },
    published() {},
    progress() {},
    broken: (error) => {
      throw error;
    },
  });
  let count = 0;
  const add = (source: string, ...args: unknown[]): number => {
    const template: Template = {
      code: "ab".repeat(32) as ContentHash,
      name: "f",
      source,
      captures: null,
      factory: null,
    };
    const bytes = encodeArguments(args);
    runner.add([++count, 1, bytes, `s-${count}` as TaskId, 1], template, bytes);
    return count;
  };
  const all = async (count: number) => {
    while (ended.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return ended;
  };
  return { runner, add, all, ended };
}

Deno.test("tasks run one at a time, in order, whether they return at once or later", async () => {
  const { runner, add, all } = stage();
  add("async () => { globalThis.order = ['a']; await null; globalThis.order.push('b'); return 1; }");
  add("() => [...globalThis.order, 'c']");
  add("async () => { await null; throw 'no'; }");
  add("() => 4");
  runner.work();
  assert.deepEqual(await all(4), [[1, "done", 1], [2, "done", ["a", "b", "c"]], [3, "threw", "no"], [4, "done", 4]]);
});

Deno.test("tasks that return at once cost no turn of the event loop", () => {
  const { runner, add, ended } = stage();
  for (let index = 0; index < 50; index++) add("(x) => x", index);
  runner.work();
  assert.ok(ended.length > 1);
});

Deno.test("a cancelled task that waits is dropped, the running one is told by its signal", async () => {
  const { runner, add, all } = stage();
  const running = add(`() => new Promise((resolve) => {
    const { signal } = globalThis.testRunner.current;
    signal.addEventListener("abort", () => resolve(signal.reason.name));
  })`);
  const dropped = add("() => 1");
  add("() => 2");
  Object.defineProperty(globalThis, "testRunner", { value: runner, configurable: true });
  runner.work();
  runner.cancel(dropped);
  runner.cancel(running);
  assert.deepEqual(await all(3), [[1, "done", "TaskAborted"], [2, "dropped", null], [3, "done", 2]]);
  Reflect.deleteProperty(globalThis, "testRunner");
});

Deno.test("a cancellation that arrives during a long task is seen before the next one starts", async () => {
  const { runner, add, all } = stage();
  add("() => { const end = performance.now() + 10; while (performance.now() < end); }");
  const next = add("() => 1");
  setImmediate(() => runner.cancel(next));
  runner.work();
  assert.deepEqual((await all(2)).map(([, code]) => code), ["done", "dropped"]);
});

Deno.test("work that is added while work goes on is done in the same go", async () => {
  const { runner, add, all } = stage();
  add("() => Promise.resolve(1)");
  runner.work();
  add("() => 2");
  runner.work();
  assert.deepEqual((await all(2)).map(([, , value]) => value), [1, 2]);
});

Deno.test("an error with the name and code of UnmetDependency declines", async () => {
  const { runner, add, all } = stage();
  add("() => { throw Object.assign(new Error('busy'), { name: 'UnmetDependency', code: 'UNMET_DEPENDENCY' }); }");
  add("() => { throw Object.assign(new Error('busy'), { name: 'UnmetDependency' }); }");
  runner.work();
  assert.deepEqual((await all(2)).map(([, code]) => code), ["declined", "threw"]);
  assert.equal(RAN.declined, 2);
});

Deno.test("what a task patches is put back before its result is encoded", async () => {
  const { runner, add, all } = stage();
  const { push } = Array.prototype;
  add("() => { Array.prototype.push = JSON.stringify = globalThis.Map = null; return new Set([1]); }");
  runner.work();
  assert.deepEqual((await all(1))[0]?.[2], new Set([1]));
  assert.equal(Array.prototype.push, push);
  assert.equal(typeof JSON.stringify, "function");
});
