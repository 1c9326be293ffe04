import assert from "node:assert/strict";
import { promisify } from "node:util";
import { StrayErrors } from "../../../engine/stray_errors.ts";
import { TaskOwners } from "../../../engine/task_owners.ts";
import type { TaskRun } from "../../../engine/task_run.ts";
import { installTaskTimers, type TimerHolder } from "../../../engine/task_timers.ts";
import { runningRun } from "./run_fixture.ts";

/** What became of each error, and a global scope with timers to install into. */
function stage(...running: TaskRun[]) {
  const owners = new TaskOwners();
  const told: [string, string][] = [];
  const waiting: (() => void)[] = [];
  const tell = (kind: string, what: unknown) => {
    told.push([kind, what instanceof Error ? what.message : String(what)]);
    waiting.splice(0).forEach((wake) => wake());
  };
  const strays = new StrayErrors(owners, {
    running: () => running.filter(({ state }) => state === "running").length,
    fail: (run, error) => {
      if (run.state !== "running") return false;
      tell(`fail ${run.number}`, error);
      return true;
    },
    log: (text) => tell("log", text.split("\n")[0]),
    end: (why) => tell("end", why),
  });
  const timers: TimerHolder = { setTimeout, setInterval, setImmediate };
  installTaskTimers([timers], owners, (run, error) => strays.of(run, error));
  const until = async (count: number) => {
    while (told.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return told;
  };
  return { owners, strays, told, timers: timers as unknown as typeof globalThis, until };
}

Deno.test("an error fails the task in whose scope it is found, while it runs; later it is logged", () => {
  const [first, second] = [runningRun(1), runningRun(2)];
  const { owners, strays, told } = stage(first, second);
  owners.within(second, () => strays.uncaught(new Error("thrown")));
  owners.within(first, () => strays.unhandled(new Error("rejected")));
  first.state = "ended";
  owners.within(first, () => strays.unhandled(new Error("late")));
  assert.deepEqual(told, [
    ["fail 2", "thrown"],
    ["fail 1", "rejected"],
    ["log", "After its task had ended: Uncaught Error: late"],
  ]);
});

Deno.test("an error of nobody ends an engine on which several tasks could be meant, and is logged where none runs", () => {
  const run = runningRun();
  const { strays, told } = stage(run, runningRun(2));
  strays.uncaught(new RangeError("whose?"));
  assert.deepEqual(told, [
    ["log", "Uncaught RangeError: whose?"],
    ["end", "an error that nobody caught does not tell of which of 2 running tasks it is"],
  ]);
  const idle = stage();
  idle.strays.unhandled("left");
  assert.deepEqual(idle.told, [["log", "After its task had ended: Uncaught left"]]);
});

Deno.test("where one task runs at a time it owns what has no scope, but no rejection when its own would have one", () => {
  const run = runningRun();
  const { owners, strays, told } = stage(run);
  owners.only = run;
  strays.uncaught(new Error("thrown"));
  strays.unhandled(new Error("rejected"));
  run.scoped = true;
  strays.uncaught(new Error("in a callback"));
  strays.unhandled(new Error("of an earlier one"));
  assert.deepEqual(told, [
    ["fail 1", "thrown"],
    ["fail 1", "rejected"],
    ["fail 1", "in a callback"],
    ["log", "After its task had ended: Uncaught Error: of an earlier one"],
  ]);
});

Deno.test("what the callback of a timer throws is of the task that set it, whichever runs then", async () => {
  const [first, second] = [runningRun(1), runningRun(2)];
  const { owners, timers, until } = stage(first, second);
  owners.only = first;
  timers.setTimeout(() => {
    timers.setImmediate(() => {
      throw new Error("timer in a timer");
    });
    throw new Error("timer");
  }, 0);
  const interval = timers.setInterval(() => {
    clearInterval(interval);
    throw new Error("interval");
  }, 1);
  owners.only = second;
  const told = await until(3);
  assert.deepEqual(told.map(([kind]) => kind), ["fail 1", "fail 1", "fail 1"]);
  assert.deepEqual(told.map(([, text]) => text).sort(), ["interval", "timer", "timer in a timer"]);
});

Deno.test("timers are what they were to those who use them", async () => {
  const run = runningRun();
  const { owners, timers } = stage(run);
  owners.only = run;
  const seen = await new Promise((resolve) => {
    const timer = timers.setTimeout(
      function (this: unknown, ...args: unknown[]) {
        resolve([this === timer, args, owners.scope === run]);
      },
      0,
      "a",
      1,
    );
  });
  assert.deepEqual(seen, [true, ["a", 1], true]);
  assert.equal(await promisify(timers.setTimeout)(0, "kept"), "kept");
  assert.throws(() => timers.setTimeout(null as unknown as () => void, 0), TypeError);
  assert.deepEqual([timers.setTimeout.name, timers.setTimeout.length], [setTimeout.name, setTimeout.length]);
});
