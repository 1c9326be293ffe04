import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { EngineRun } from "../../../host/engine_run.ts";
import { RunQueue } from "../../../host/run_queue.ts";
import { SentRuns } from "../../../host/sent_runs.ts";
import { scheduledRun } from "./run_fixture.ts";

Deno.test("a queue behaves as an array with removal", () => {
  const command = fc.oneof(
    fc.constant("push"),
    fc.nat(),
    fc.constant("odd"),
    fc.constant("unshift"),
  );
  fc.assert(fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
    const queue = new RunQueue();
    let model: EngineRun[] = [];
    let count = 0;
    for (const step of commands) {
      if (step === "push") {
        const run = scheduledRun(++count);
        queue.push(run);
        model.push(run);
      } else if (step === "unshift") {
        const run = scheduledRun(++count);
        queue.unshift(run);
        model.unshift(run);
      } else if (step === "odd") {
        const isOdd = ({ origin }: EngineRun) => origin.kind === "scheduled" && origin.number % 2 === 1;
        assert.deepEqual(queue.removeAll(isOdd), model.filter(isOdd));
        model = model.filter((run) => !isOdd(run));
      } else if (typeof step === "number" && model.length > 0) {
        const run = model.splice(step % model.length, 1)[0];
        if (run !== undefined) assert.ok(queue.remove(run) && !queue.remove(run));
      }
      assert.equal(queue.size, model.length);
      assert.equal(queue.first, model[0] ?? null);
    }
    assert.deepEqual(queue.removeAll(), model);
  }));
});

Deno.test("a run can stand in one queue only", () => {
  const run = scheduledRun(1);
  new RunQueue().push(run);
  assert.throws(() => new RunQueue().push(run), RangeError);
  assert.equal(new RunQueue().remove(run), false);
});

Deno.test("sent runs begin in order as slots become free, and count their bytes", () => {
  const sent = new SentRuns(3);
  const runs = Array.from({ length: 3_000 }, (_, index) => scheduledRun(index));
  runs.forEach((run, index) => sent.push(run, index, 2, 0));
  assert.deepEqual([sent.bytes, sent.size, sent.waiting.length], [6_000, 3_000, 2_997]);
  assert.deepEqual(runs.slice(0, 4).map(({ state }) => state), ["running", "running", "running", "sent"]);
  const last = sent.find(({ run }) => run === runs[2_999]);
  assert.equal(last?.number, 2_999);
  assert.equal(sent.findRunning(2_999), null);
  for (let round = 0; round < 2_997; round++) {
    // The middle one ends each time: the oldest and the newest go on.
    const middle = sent.running[1];
    assert.ok(middle !== undefined);
    const [next] = sent.remove(middle, round);
    assert.deepEqual([next?.number, next?.startedAtMs, next?.run.state], [round + 3, round, "running"]);
  }
  assert.deepEqual(sent.running.map(({ number }) => number), [0, 2_998, 2_999]);
  assert.equal(sent.findRunning(2_998)?.number, 2_998);
});

Deno.test("a sent run that waits can be taken out, and what is left comes out in order", () => {
  const sent = new SentRuns(1);
  const [first, second, third] = [1, 2, 3].map((number) => sent.push(scheduledRun(number), number, 1, 0));
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.deepEqual(sent.remove(second, 1), []);
  assert.deepEqual(sent.remove(first, 2), [third]);
  assert.deepEqual([sent.size, sent.bytes, third.startedAtMs], [1, 1, 2]);
  sent.push(scheduledRun(4), 4, 1, 3);
  assert.deepEqual(sent.clear().map(({ number }) => number), [3, 4]);
  assert.deepEqual([sent.size, sent.bytes, sent.find(() => true)], [0, 0, null]);
});

Deno.test("a run that lends its slot lets the next one begin, and as many run again when it takes it back", () => {
  const sent = new SentRuns(1);
  const [first, second, third] = [1, 2, 3].map((number) => sent.push(scheduledRun(number), number, 1, 0));
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.deepEqual(sent.lend(first, 5), [second]);
  assert.deepEqual([second.startedAtMs, sent.lent, third.running], [5, 1, false]);
  // Said twice, it is lent once.
  assert.deepEqual(sent.lend(first, 6), []);
  assert.deepEqual(sent.lend(second, 7), [third]);
  sent.retake(first, 3);
  assert.deepEqual(sent.running.map(({ number }) => number), [1, 2, 3]);
  // Two run in one slot by now: what ends makes no room.
  const fourth = sent.push(scheduledRun(4), 4, 1, 8);
  assert.deepEqual(sent.remove(first, 9), []);
  assert.deepEqual(sent.remove(third, 10), [fourth]);
  assert.deepEqual(sent.remove(second, 11), []);
  assert.deepEqual([sent.lent, sent.size, fourth.running], [0, 1, true]);
});

Deno.test("what was thought to run in a lent slot, and had not begun when that was taken back, waits again", () => {
  const sent = new SentRuns(1);
  const first = sent.push(scheduledRun(1), 1, 1, 0);
  sent.lend(first, 1);
  const second = sent.push(scheduledRun(2), 2, 1, 2);
  const third = sent.push(scheduledRun(3), 3, 1, 2);
  assert.deepEqual([second.running, third.running], [true, false]);
  // It was said while the second was on its way.
  sent.retake(first, 1);
  assert.deepEqual([second.running, second.run.state, sent.waiting], [false, "sent", [second, third]]);
  assert.deepEqual(sent.remove(first, 9), [second]);
  assert.deepEqual([second.startedAtMs, second.run.state], [9, "running"]);
});
