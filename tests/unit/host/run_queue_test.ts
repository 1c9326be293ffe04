import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { EngineRun } from "../../../host/engine_run.ts";
import { RunQueue } from "../../../host/run_queue.ts";
import { SentRuns } from "../../../host/sent_runs.ts";
import { scheduledRun } from "./run_fixture.ts";

Deno.test("a queue behaves as an array with removal", () => {
  const command = fc.oneof(
    fc.constant("push"),
    fc.constant("shift"),
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
      } else if (step === "shift") assert.equal(queue.shift(), model.shift() ?? null);
      else if (step === "odd") {
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

Deno.test("sent runs leave in order and count their bytes", () => {
  const sent = new SentRuns();
  const runs = Array.from({ length: 3_000 }, (_, index) => scheduledRun(index));
  runs.forEach((run, index) => sent.push(run, index, 2, 0));
  assert.equal(sent.bytes, 6_000);
  const last = runs[2_999];
  assert.ok(last !== undefined && sent.find(last)?.number === 2_999);
  assert.equal(sent.behindFirst().length, 2_999);
  for (const run of runs) assert.equal(sent.shift()?.run, run);
  assert.deepEqual([sent.shift(), sent.size, sent.bytes, sent.first], [null, 0, 0, null]);
});
