import assert from "node:assert/strict";
import { TaskOutput } from "../../../engine/task_output.ts";

function captured() {
  const output = new TaskOutput();
  const target = Object.fromEntries(
    ["log", "info", "debug", "warn", "error", "trace", "dir", "assert", "count"].map((name) => [name, () => {}]),
  ) as Record<string, (...args: unknown[]) => unknown>;
  output.install(target);
  return { output, print: (name: string, ...args: unknown[]) => target[name]?.(...args) };
}

Deno.test("plain lines look as the runtime's console prints them", () => {
  for (const args of [[], ["a"], ["a", "b", 1], [1, true, -1.5], ["100%"], [Infinity, NaN]]) {
    const plain = captured();
    plain.print("log", ...args);
    const formatted = captured();
    // Something that only the runtime formats switches to it for good.
    formatted.print("log", {});
    formatted.output.take();
    formatted.print("log", ...args);
    assert.deepEqual(plain.output.take(), formatted.output.take(), Deno.inspect(args));
  }
});

Deno.test("formats, objects and negative zero are the runtime's business", () => {
  const { output, print } = captured();
  print("log", "%d items", 3);
  print("log", -0, [1]);
  print("warn", new Map([["a", 1]]));
  assert.deepEqual(output.take(), ["3 items\n-0 [ 1 ]\n", "Map(1) { 'a' => 1 }\n"]);
});

Deno.test("each method writes to its channel, and taking empties both", () => {
  const { output, print } = captured();
  for (const name of ["log", "info", "debug", "warn", "error"]) print(name, name);
  assert.deepEqual(output.take(), ["log\ninfo\ndebug\n", "warn\nerror\n"]);
  assert.deepEqual(output.take(), ["", ""]);
  print("trace", "here");
  assert.match(output.take()[1], /^Trace: here/);
});

Deno.test("output past the bound is dropped, and says so once", () => {
  const { output, print } = captured();
  for (let index = 0; index < 5; index++) print("log", "x".repeat(500_000));
  const [stdout] = output.take();
  assert.equal(stdout.match(/the rest was dropped/g)?.length, 1);
});
