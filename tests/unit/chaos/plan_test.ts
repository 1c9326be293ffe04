/** The plan of faults: drawn by a seed, within the storm, all kinds dealt. @module */
import assert from "node:assert/strict";
import { Draw } from "../../chaos/draw.ts";
import { FAULT_KINDS } from "../../chaos/fault_kinds.ts";
import { planFaults } from "../../chaos/plan.ts";

const OPTIONS = { seed: 1, kinds: FAULT_KINDS, stormMs: 300_000, gapMs: 3_000 };

Deno.test("a plan is the same for the same seed, and another for another", () => {
  assert.deepEqual(planFaults(OPTIONS), planFaults({ ...OPTIONS }));
  assert.notDeepEqual(planFaults(OPTIONS), planFaults({ ...OPTIONS, seed: 2 }));
});

Deno.test("faults come in order, last as long as their kind says, and are over when the storm is", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const faults = planFaults({ ...OPTIONS, seed });
    faults.forEach(({ atMs, spanMs, share, kind, number }, index) => {
      assert.equal(number, index + 1);
      assert.ok(atMs >= (faults[index - 1]?.atMs ?? 0));
      assert.ok(spanMs >= kind.spanMs[0] && spanMs <= kind.spanMs[1]);
      assert.ok(atMs + spanMs <= OPTIONS.stormMs);
      assert.ok(share >= 0 && share < 1);
    });
    assert.ok(faults.length > 50 && faults.length < 200, `${faults.length} faults`);
  }
});

Deno.test("each kind comes in five minutes of any seed", () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const seen = new Set(planFaults({ ...OPTIONS, seed }).map(({ kind }) => kind.name));
    assert.deepEqual(FAULT_KINDS.filter(({ name }) => !seen.has(name)), [], `seed ${seed}`);
  }
});

Deno.test("a plan of no kind is refused", () => {
  assert.throws(() => planFaults({ ...OPTIONS, kinds: [] }), RangeError);
});

Deno.test("streams of chance of one seed are their own, whatever is drawn from others", () => {
  const numbers = (draw: Draw) => Array.from({ length: 20 }, () => draw.below(1_000));
  assert.deepEqual(numbers(Draw.of(7, "job 1")), numbers(Draw.of(7, "job 1")));
  assert.notDeepEqual(numbers(Draw.of(7, "job 1")), numbers(Draw.of(7, "job 2")));
  const spread = new Set(Array.from({ length: 200 }, (_, job) => Draw.of(7, `job ${job}`).below(10)));
  assert.equal(spread.size, 10);
});
