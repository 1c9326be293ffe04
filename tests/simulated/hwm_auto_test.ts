/** `hwm` `auto` beside a mark of 1, in simulated time. @module */
import assert from "node:assert/strict";
import { SeededRandom } from "../../scheduler/core/random.ts";
import { EngineModel, type ModelTask } from "./engine_model.ts";

const SHORT = { code: "short", ms: 1 };
const WITHIN = 1.03;

/** 2,000 tasks of 1 ms, and 20 of 500 ms somewhere among them. */
function mixed(seed: number, codeOfLong: string): ModelTask[] {
  const random = new SeededRandom(seed);
  const tasks: ModelTask[] = new Array(2_000).fill(SHORT);
  for (let i = 0; i < 20; i++) tasks.splice(random.below(tasks.length + 1), 0, { code: codeOfLong, ms: 500 });
  return tasks;
}

for (const [what, codeOfLong] of [["one function", "short"], ["two functions", "long"]] as const) {
  Deno.test(`short tasks mixed with long ones of ${what} take no longer than with a mark of 1 (seeds 1 to 20)`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const tasks = mixed(seed, codeOfLong);
      const [auto, one] = [new EngineModel("auto", tasks).run(), new EngineModel(1, tasks).run()];
      assert.ok(auto <= WITHIN * one, `seed ${seed}: ${auto} ms, with a mark of 1 ${one} ms`);
    }
  });
}

Deno.test("short tasks alone run at the speed of no mark: an engine does not wait for the scheduler in between", () => {
  const tasks = new Array<ModelTask>(4_000).fill(SHORT);
  const [auto, unlimited] = [new EngineModel("auto", tasks).run(), new EngineModel(0, tasks).run()];
  assert.ok(auto <= WITHIN * unlimited, `${auto} ms, with no mark ${unlimited} ms`);
});

Deno.test("short tasks behind one that turns out to be long are done elsewhere long before it ends", () => {
  const tasks = [...new Array<ModelTask>(400).fill(SHORT), { code: "short", ms: 5_000 }];
  tasks.push(...new Array<ModelTask>(19).fill(SHORT));
  const model = new EngineModel("auto", tasks);
  model.run();
  assert.ok(model.calledBack > 0);
  const late = model.endedAt.filter((at) => at > 300);
  // The long one, and what was in the pipe behind it.
  assert.ok(late.length <= 2, `${late.length} tasks ended late`);
});
