import assert from "node:assert/strict";
import { TaskOutput } from "../../../engine/task_output.ts";
import { TaskOwners } from "../../../engine/task_owners.ts";
import { runningRun } from "./run_fixture.ts";

/** A console whose lines belong to one task that runs, until it is told to have ended. */
function captured() {
  const owners = new TaskOwners();
  const run = owners.only = runningRun();
  const logged: string[] = [];
  const output = new TaskOutput(owners, (text) => logged.push(text), () => {});
  const target = Object.fromEntries(
    ["log", "info", "debug", "warn", "error", "trace", "dir", "assert", "count", "group"].map((
      name,
    ) => [name, () => {}]),
  ) as Record<string, (...args: unknown[]) => unknown>;
  output.install(target);
  const print = (name: string, ...args: unknown[]) => target[name]?.(...args);
  return { owners, run, output, logged, print, printed: () => [run.print?.stdout ?? "", run.print?.stderr ?? ""] };
}

Deno.test("plain lines look as the runtime's console prints them", () => {
  for (const args of [[], ["a"], ["a", "b", 1], [1, true, -1.5], ["100%"], [Infinity, NaN]]) {
    const plain = captured();
    plain.print("log", ...args);
    const formatted = captured();
    // Something that only the runtime formats switches to it for the rest of the task.
    formatted.print("log", {});
    formatted.print("log", ...args);
    const [stdout = "", stderr] = formatted.printed();
    assert.deepEqual(plain.printed(), [stdout.replace(/^\{\}\n/, ""), stderr], Deno.inspect(args));
  }
});

Deno.test("formats, objects and negative zero are the runtime's business", () => {
  const { printed, print } = captured();
  print("log", "%d items", 3);
  print("log", -0, [1]);
  print("warn", new Map([["a", 1]]));
  assert.deepEqual(printed(), ["3 items\n-0 [ 1 ]\n", "Map(1) { 'a' => 1 }\n"]);
});

Deno.test("each method writes to its channel", () => {
  const { printed, print } = captured();
  for (const name of ["log", "info", "debug", "warn", "error"]) print(name, name);
  assert.deepEqual(printed(), ["log\ninfo\ndebug\n", "warn\nerror\n"]);
  print("trace", "here");
  assert.match(printed()[1] ?? "", /^warn\nerror\nTrace: here/);
});

Deno.test("output past the bound is dropped, and says so once", () => {
  const { printed, print } = captured();
  for (let index = 0; index < 5; index++) print("log", "x".repeat(500_000));
  assert.equal(printed()[0]?.match(/the rest was dropped/g)?.length, 1);
});

Deno.test("lines, open groups and counters are the task's own, and what no running task prints is logged", () => {
  const { owners, run, output, print, printed, logged } = captured();
  print("group", "outer");
  print("log", "inner");
  print("count");
  const other = runningRun(2);
  owners.within(other, () => {
    print("log", "flat");
    print("count");
    output.print.addBytes("stdout", new Uint8Array([0xe2, 0x82]));
  });
  output.print.addBytes("stdout", new Uint8Array([0xc3]));
  owners.within(other, () => output.print.addBytes("stdout", new Uint8Array([0xac])));
  output.print.addBytes("stdout", new Uint8Array([0xa4]));
  assert.equal(printed()[0], "outer\n  inner\n  default: 1\nä");
  assert.equal(other.print?.stdout, "flat\ndefault: 1\n€");
  run.state = "ended";
  print("log", "late");
  owners.only = null;
  print("warn", { nobody: 1 });
  assert.deepEqual(logged, ["late\n", "{ nobody: 1 }\n"]);
  assert.equal(printed()[0], "outer\n  inner\n  default: 1\nä");
});
