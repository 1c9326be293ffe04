import assert from "node:assert/strict";
import { SpecialValues } from "../../../engine/special_values.ts";
import { TaskClients } from "../../../engine/task_clients.ts";
import { TaskOutput } from "../../../engine/task_output.ts";
import { TaskOwners } from "../../../engine/task_owners.ts";
import { type RunnerEvents, TaskRunner } from "../../../engine/task_runner.ts";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import { RAN } from "../../../protocol/pipe_messages.ts";
import { decodeValue, encodeArguments } from "../../../wire/value_codec.ts";
import { joined, template } from "./run_fixture.ts";

const CODES = ["done", "threw", "declined", "dropped"];

/** A runner whose tasks reach it as `globalThis.testRunner`, and a console of theirs as `globalThis.testConsole`. */
function stage(slots = 1) {
  const ended: [number, string, unknown][] = [];
  const printed = new Map<number, string>();
  const news: [number, unknown][] = [];
  const logged: string[] = [];
  const waiting: (() => void)[] = [];
  const owners = new TaskOwners();
  const clients = new TaskClients(null, () => {});
  const special = new SpecialValues();
  const events: RunnerEvents = {
    ended(number, code, body, _runMs, stdout) {
      ended.push([number, CODES[code] ?? "?", body === null ? null : decodeValue(joined(body))]);
      printed.set(number, stdout);
      waiting.splice(0).forEach((wake) => wake());
    },
    published: (number, data) => news.push([number, decodeValue(data)]),
    progress: (number, fraction) => news.push([number, fraction]),
    nested() {},
    printed: () => {},
    slot() {},
    broken: (error) => {
      throw error;
    },
  };
  const runner = new TaskRunner({ engineId: 0 as EngineId, slots, owners, events, clients, special });
  const testConsole = { log() {} };
  new TaskOutput(owners, (text) => logged.push(text), (run) => runner.printed(run)).install(testConsole);
  const define = (name: string, value: unknown) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  define("testRunner", runner);
  define("testConsole", testConsole);
  let count = 0;
  const add = (source: string, ...args: unknown[]): number => {
    const bytes = encodeArguments(args);
    runner.add([++count, 1, bytes, `s-${count}` as TaskId, 1], template(source), bytes);
    return count;
  };
  const all = async (count: number) => {
    while (ended.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return ended;
  };
  return { runner, owners, add, all, ended, printed, news, logged, define };
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
  // However busy this machine is, no time passes for the runner.
  performance.now = () => 0;
  const { runner, add, ended } = stage();
  Reflect.deleteProperty(performance, "now");
  for (let index = 0; index < 50; index++) add("(x) => x", index);
  runner.work();
  assert.equal(ended.length, 50);
});

Deno.test("a cancelled task that waits is dropped, the running one is told by its signal", async () => {
  const { runner, add, all } = stage();
  const running = add(`() => new Promise((resolve) => {
    const { signal } = globalThis.testRunner.current;
    signal.addEventListener("abort", () => resolve(signal.reason.name));
  })`);
  const dropped = add("() => 1");
  add("() => 2");
  runner.work();
  runner.cancel(dropped);
  runner.cancel(running);
  assert.deepEqual(await all(3), [[2, "dropped", null], [1, "done", "TaskAborted"], [3, "done", 2]]);
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

Deno.test("with slots as many tasks run at a time, in order, and a later one takes the first slot that is free", async () => {
  const { runner, add, all, define } = stage(2);
  const log: string[] = [];
  define("testLog", (line: string) => log.push(line));
  const gates = [1, 2, 3].map(() => Promise.withResolvers<void>());
  define("testGate", (index: number) => gates[index]?.promise);
  const source = "async (index) => { testLog('begin ' + index); await testGate(index); return index; }";
  for (let index = 0; index < 3; index++) add(source, index);
  runner.work();
  assert.deepEqual([log, runner.running], [["begin 0", "begin 1"], 2]);
  gates[1]?.resolve();
  assert.deepEqual(await all(1), [[2, "done", 1]]);
  assert.deepEqual([log.at(-1), runner.running], ["begin 2", 2]);
  gates[2]?.resolve();
  gates[0]?.resolve();
  assert.deepEqual((await all(3)).map(([number]) => number), [2, 3, 1]);
  assert.equal(runner.running, 0);
});

Deno.test("each task finds itself after awaits, and its lines and news are its own", async () => {
  const { runner, add, all, printed, news } = stage(3);
  const source = `async (name) => {
    for (let step = 0; step < 3; step++) {
      testConsole.log(name, step);
      await Promise.all([null, new Promise((resolve) => queueMicrotask(resolve))]);
      testRunner.current.publish(name + step);
    }
    return testRunner.current.msgId;
  }`;
  ["a", "b", "c"].forEach((name) => add(source, name));
  runner.work();
  const ended = await all(3);
  assert.deepEqual(ended.map(([number, , value]) => [number, value]), [[1, "s-1"], [2, "s-2"], [3, "s-3"]]);
  assert.deepEqual(
    [1, 2, 3].map((number) => printed.get(number)),
    ["a", "b", "c"].map((name) => [0, 1, 2].map((step) => `${name} ${step}\n`).join("")),
  );
  assert.deepEqual(news.filter(([number]) => number === 2).map(([, data]) => data), ["b0", "b1", "b2"]);
  assert.equal(runner.current, null);
});

Deno.test("the code that a thenable runs when it is awaited belongs to its task", async () => {
  const { runner, add, all } = stage(2);
  const source = "() => ({ then(resolve) { resolve(testRunner.current?.msgId); } })";
  add(source);
  add(source);
  runner.work();
  assert.deepEqual((await all(2)).map(([, , value]) => value), ["s-1", "s-2"]);
});

Deno.test("the signal of the cancelled task fires, and not that of the others", async () => {
  const { runner, add, all } = stage(2);
  const source = `() => new Promise((resolve) => {
    const { signal } = testRunner.current;
    signal.addEventListener("abort", () => resolve("aborted"));
  })`;
  const [first, second] = [add(source), add(source)];
  runner.work();
  runner.cancel(second);
  assert.deepEqual(await all(1), [[second, "done", "aborted"]]);
  runner.cancel(first);
  assert.equal((await all(2)).length, 2);
});

Deno.test("a recall drops what has not begun, at once, and leaves what runs alone", async () => {
  const { runner, add, all, ended, define } = stage(1);
  const gate = Promise.withResolvers<void>();
  define("testGate", () => gate.promise);
  const running = add("async () => { await testGate(); return testRunner.current.signal.aborted; }");
  const waiting = add("() => 1");
  runner.work();
  runner.recall(running);
  runner.recall(waiting);
  runner.recall(99);
  assert.deepEqual(ended, [[waiting, "dropped", null]]);
  gate.resolve();
  assert.deepEqual(await all(2), [[waiting, "dropped", null], [running, "done", false]]);
});

Deno.test("a task that fails by what it set going frees its slot, and what it comes to later changes nothing", async () => {
  const { runner, owners, add, all, ended, news, define } = stage(1);
  const gate = Promise.withResolvers<void>();
  const left = Promise.withResolvers<unknown>();
  define("testGate", () => gate.promise);
  define("testFail", () => owners.scope !== null && runner.failRunning(owners.scope, new Error("stray")));
  define("testLeft", left.resolve);
  add(`async () => {
    const { signal } = testRunner.current;
    const task = testRunner.current;
    await null;
    testFail();
    await testGate();
    task.publish("late");
    testLeft([signal.aborted, testRunner.current, testFail()]);
    return "late";
  }`);
  add("() => 2");
  runner.work();
  assert.deepEqual((await all(2)).map(([number, code, value]) => [number, code, String(value)]), [
    [1, "threw", "Error: stray"],
    [2, "done", "2"],
  ]);
  gate.resolve();
  assert.deepEqual(await left.promise, [true, null, false]);
  assert.deepEqual([ended.length, news], [2, []]);
});

Deno.test("where one task runs at a time, functions that never wait run in no scope, and those that do in their own", async () => {
  const { runner, owners, add, all, define } = stage(1);
  define("testOwners", owners);
  add("() => [testOwners.scope === null, testRunner.current.msgId]");
  add("async () => testOwners.scope !== null && testRunner.current.msgId");
  const waits = template("() => Promise.resolve(testOwners.scope !== null)");
  const bytes = encodeArguments([]);
  runner.add([7, 1, bytes, "s-7" as TaskId, 1], waits, bytes);
  runner.add([8, 1, bytes, "s-8" as TaskId, 1], waits, bytes);
  runner.work();
  assert.deepEqual((await all(4)).map(([, , value]) => value), [[true, "s-1"], "s-2", false, true]);
});

Deno.test("what a waiting task patches is put back before another one starts, and before messages are read", async () => {
  const { runner, add, all, define } = stage(2);
  const gate = Promise.withResolvers<void>();
  define("testGate", () => gate.promise);
  const { push } = Array.prototype;
  add("async () => { Array.prototype.push = null; await testGate(); return Array.prototype.push === null; }");
  add("() => [1].concat(typeof [].push)");
  runner.work();
  assert.deepEqual(await all(1), [[2, "done", [1, "function"]]]);
  Array.prototype.push = null as unknown as typeof push;
  runner.attend();
  assert.equal(Array.prototype.push, push);
  gate.resolve();
  assert.deepEqual((await all(2))[1], [1, "done", false]);
});

Deno.test("tasks that end without a turn of the event loop leave one to it after a while", async () => {
  const { runner, add, all } = stage(2);
  const busy = "async () => { const end = performance.now() + 3; while (performance.now() < end) await null; }";
  for (let index = 0; index < 3; index++) add(busy);
  const next = add("() => 1");
  setImmediate(() => runner.cancel(next));
  runner.work();
  assert.deepEqual((await all(4)).find(([number]) => number === next), [next, "dropped", null]);
});
