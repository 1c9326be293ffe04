import assert from "node:assert/strict";
import { EngineRun } from "../../../host/engine_run.ts";
import { RunDeadline } from "../../../host/run_deadline.ts";
import type { SentRun } from "../../../host/sent_runs.ts";
import { DEFAULT_FLAGS } from "../../../protocol/task_spec.ts";
import type { Clock } from "../../../wire/clock.ts";
import { scheduledRun, TEMPLATE } from "./run_fixture.ts";

function stage() {
  let nowMs = 0;
  const timers = new Map<number, { readonly at: number; readonly fire: () => void }>();
  let handles = 0;
  const clock: Clock = {
    now: () => nowMs,
    wallTime: () => nowMs,
    setTimer: (fire, delayMs) => (timers.set(++handles, { at: nowMs + delayMs, fire }), handles),
    clearTimer: (handle) => void timers.delete(handle as number),
  };
  const advance = (toMs: number) => {
    nowMs = toMs;
    for (const [handle, { at, fire }] of [...timers]) if (at <= toMs && timers.delete(handle)) fire();
  };
  let running: SentRun[] = [];
  const up: number[] = [];
  const deadline = new RunDeadline(clock, 100, () => running, () => up.push(nowMs));
  const run = (startedAtMs: number, maxRuntimeMs: number, abortedAtMs: number | null = null) => {
    const { origin, engine, task, args } = scheduledRun(1);
    const template = { ...TEMPLATE, flags: { ...DEFAULT_FLAGS, maxRuntimeMs } };
    const sent: SentRun = {
      run: new EngineRun(origin, engine, task, 1, template, args),
      number: 1,
      bytes: 0,
      running: true,
      lent: false,
      startedAtMs,
      abortedAtMs,
      dropAsked: false,
      verdict: null,
      shown: null,
    };
    running.push(sent);
    deadline.look(sent);
    return sent;
  };
  const idle = () => void (running = []);
  return { advance, deadline, run, idle, up, timers };
}

Deno.test("the time of a run counts from its start", () => {
  const { advance, run, up } = stage();
  run(50, 200);
  advance(249);
  assert.deepEqual(up, []);
  advance(250);
  assert.deepEqual(up, [250]);
});

Deno.test("a timer of an earlier run looks again, and does not end the later one too soon", () => {
  const { advance, run, idle, up, timers } = stage();
  run(0, 100);
  idle();
  run(60, 100);
  assert.equal(timers.size, 1);
  advance(100);
  assert.deepEqual(up, []);
  advance(160);
  assert.deepEqual(up, [160]);
});

Deno.test("an abort gives the grace, counted from the start of a run that was aborted before it", () => {
  const { advance, run, idle, deadline, up } = stage();
  const sent = run(0, 0);
  advance(500);
  sent.abortedAtMs = 500;
  deadline.look(sent);
  advance(599);
  assert.deepEqual(up, []);
  advance(600);
  idle();
  run(1_000, 0, 700);
  advance(1_099);
  assert.deepEqual(up, [600]);
  advance(1_100);
  assert.deepEqual(up, [600, 1_100]);
});

Deno.test("runs without a bound set no timer, and a stopped deadline leaves none", () => {
  const { advance, run, idle, deadline, up, timers } = stage();
  run(0, 0);
  assert.equal(timers.size, 0);
  run(0, 50);
  idle();
  advance(50);
  run(50, 50);
  deadline.stop();
  assert.deepEqual([timers.size, up], [0, []]);
});

Deno.test("of several that run, each has its own time", () => {
  const { advance, run, up, timers } = stage();
  run(0, 300);
  run(50, 100);
  run(60, 0);
  run(70, 90);
  assert.equal(timers.size, 1);
  advance(149);
  assert.deepEqual(up, []);
  advance(155);
  assert.deepEqual(up, [155]);
  advance(160);
  assert.deepEqual(up, [155, 160, 160]);
});
