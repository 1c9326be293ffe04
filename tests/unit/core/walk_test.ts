import assert from "node:assert/strict";
import { createScheduler } from "../../../scheduler/core/scheduler.ts";
import { restoreScheduler } from "../../../scheduler/core/restore.ts";
import { DEFAULT_OPTIONS } from "../../../scheduler/core/scheduler_core.ts";
import type { TaskId } from "../../../protocol/ids.ts";
import type { Stage } from "./given.ts";
import { drawOptions, Walk, WALK_SCHEME } from "./walk.ts";

const WALKS = 40;
const STEPS = 150;

/** Each run walks elsewhere, unless a seed is asked for: `deno test tests/unit/core/walk_test.ts -- 618370`. */
const FIRST_SEED = Number(Deno.args[0] ?? NaN) || Math.floor(performance.timeOrigin) % 1_000_000;

function forEachSeed(walks: number, check: (seed: number) => void): void {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + walks; seed++) {
    try {
      check(seed);
    } catch (error) {
      throw new Error(`Failed with seed ${seed}`, { cause: error });
    }
  }
}

Deno.test(`random walks keep every invariant after each step (seeds from ${FIRST_SEED})`, () => {
  forEachSeed(WALKS, (seed) => new Walk(seed).run(STEPS));
});

Deno.test(`after a random walk every task that is left comes to an end, once (seeds from ${FIRST_SEED})`, () => {
  forEachSeed(WALKS, (seed) => {
    const walk = new Walk(seed);
    walk.run(STEPS);
    walk.settleDown();
    for (const { tasks } of walk.stage.state.sessions.values()) {
      for (const { id, state } of tasks) if (state !== "settled") assertWaitsForTargets(walk.stage, id);
    }
  });
});

/** A target that was never named is the one thing that may never come, for a task or for those that wait for it. */
function assertWaitsForTargets({ core }: Stage, start: TaskId): void {
  let id = start;
  for (let seen = 0; seen < 1_000; seen++) {
    const { cause, tasks: [next], text } = core.explain(id);
    if (cause === "targets") return;
    assert.ok(cause === "tasks" && next !== undefined, `${start}: ${text}`);
    id = next as TaskId;
  }
  assert.fail(`${start} waits in a circle`);
}

Deno.test(`each task has one outcome, however often it is told (seeds from ${FIRST_SEED})`, () => {
  forEachSeed(WALKS, (seed) => {
    const walk = new Walk(seed);
    walk.run(STEPS);
    for (const [task, told] of walk.stage.settled) {
      const [first, ...others] = told.filter(({ outcome }) =>
        // A forgotten task is answered as such.
        outcome.kind !== "failed" || outcome.error.name !== "InvalidDependency"
      );
      for (const other of others) assert.deepEqual(other.outcome, first?.outcome, task);
    }
  });
});

Deno.test(`the same events give the same effects (seeds from ${FIRST_SEED})`, () => {
  forEachSeed(WALKS / 2, (seed) => {
    const walk = new Walk(seed);
    walk.run(STEPS);
    const [one, two] = [
      createScheduler(drawOptions(seed), WALK_SCHEME),
      createScheduler(drawOptions(seed), WALK_SCHEME),
    ];
    for (const event of walk.events) assert.deepEqual(one.step(event), two.step(event));
    assert.deepEqual(one.snapshot(), walk.stage.core.snapshot());
  });
});

Deno.test(`a snapshot taken anywhere goes on with the same effects (seeds from ${FIRST_SEED})`, () => {
  forEachSeed(WALKS / 2, (seed) => {
    const walk = new Walk(seed);
    walk.run(STEPS);
    let core = createScheduler(drawOptions(seed), WALK_SCHEME);
    const straight = createScheduler(drawOptions(seed), WALK_SCHEME);
    walk.events.forEach((event, i) => {
      assert.deepEqual(core.step(event), straight.step(event), `event ${i}, ${event.kind}`);
      if (i % 3 !== 0) return;
      const snapshot = core.snapshot();
      core = restoreScheduler(structuredClone(snapshot), WALK_SCHEME);
      assert.deepEqual(core.snapshot(), snapshot);
    });
  });
});

Deno.test("a snapshot of another schema is refused", () => {
  const snapshot = createScheduler(DEFAULT_OPTIONS).snapshot();
  assert.throws(() => restoreScheduler({ ...snapshot, schema: 99 }), /schema 99: this version reads schema 3/);
});
