/** A scheme of somebody's own in the core: what it sees, and what becomes of one that fails. @module */
import assert from "node:assert/strict";
import type { EngineId } from "../../../protocol/ids.ts";
import { restoreScheduler } from "../../../scheduler/core/restore.ts";
import { createScheduler } from "../../../scheduler/core/scheduler.ts";
import type { CustomScheme } from "../../../scheduler/core/scheduler_core.ts";
import { spec, Stage } from "./given.ts";

const targets = (...ids: number[]) => ({ targets: ids as EngineId[] });

function stageWith(custom: CustomScheme, hwm: number | "auto" = 0): Stage {
  const stage = new Stage({ scheme: "custom", hwm }, custom);
  stage.joinEngines(3);
  return stage;
}

/** What was written down of failures in the last step. */
function failures(stage: Stage): string[] {
  return stage.facts.flatMap((fact) =>
    fact.kind === "scheme-failed" ? [`${fact.offence} ${fact.replaced} ${fact.reason}`] : []
  );
}

Deno.test("it sees the loads of the engines that may take the task, least recently used first", () => {
  const seen: string[] = [];
  const stage = stageWith((loads) => {
    seen.push(loads.join());
    return loads.length - 1;
  });
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2", targets(0, 1)), spec("s-3"));
  assert.deepEqual(stage.dispatches, ["s-0>2", "s-1>2", "s-2>1", "s-3>1"]);
  assert.deepEqual(seen, ["0,0,0", "0,0,1", "0,0", "0,2,1"]);
});

Deno.test("with a mark it does not see engines that are full, and is not asked where there is none", () => {
  const seen: string[] = [];
  const stage = stageWith((loads) => (seen.push(loads.join()), 0), 1);
  stage.submit(...Array.from({ length: 5 }, (_, i) => spec(`s-${i}`)));
  assert.deepEqual(seen, ["0,0,0", "0,0", "0"]);
});

Deno.test("its chance is the scheduler's own: the same seed gives the same picks", () => {
  const runs = [1, 1, 2].map((seed) => {
    const stage = new Stage({ scheme: "custom", hwm: 0, seed }, (loads, random) => Math.floor(random() * loads.length));
    stage.joinEngines(4);
    stage.submit(...Array.from({ length: 40 }, (_, i) => spec(`s-${i}`)));
    return stage.dispatches;
  });
  assert.deepEqual(runs[0], runs[1]);
  assert.notDeepEqual(runs[0], runs[2]);
});

for (
  const [what, answer] of [
    ["a fraction", 0.5],
    ["a negative number", -1],
    ["an index past the end", 3],
    ["NaN", NaN],
    ["nothing", undefined],
    ["a text", "1"],
    ["a promise", Promise.resolve(0)],
    ["an object without a text", Object.create(null)],
  ] as const
) {
  Deno.test(`${what} for an index is an offence, and leastload picks`, () => {
    const stage = stageWith(() => answer as number);
    stage.submit(spec("s-0"));
    assert.deepEqual(stage.dispatches, ["s-0>0"]);
    assert.match(failures(stage)[0] ?? "", /^1 false it returned .*from 0 to 2 was wanted$/);
  });
}

Deno.test("three offences, and it is not asked again", () => {
  let asked = 0;
  const stage = stageWith(() => {
    asked++;
    throw new RangeError("no idea");
  });
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"), spec("s-3"), spec("s-4", targets(0, 1)));
  assert.deepEqual(failures(stage), [
    "1 false it threw RangeError: no idea",
    "2 false it threw RangeError: no idea",
    "3 true it threw RangeError: no idea",
  ]);
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1", "s-2>2", "s-3>0", "s-4>1"]);
  assert.equal(asked, 3);
});

Deno.test("one that fails now and then is asked in between", () => {
  let asked = 0;
  const stage = stageWith((loads) => asked++ === 1 ? NaN : loads.length - 1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  assert.equal(failures(stage).length, 1);
  assert.deepEqual(stage.dispatches, ["s-0>2", "s-1>0", "s-2>0"]);
});

Deno.test("what it throws may be anything, and as long as it likes", () => {
  const nasty = {
    toString: () => {
      throw new Error("not even this");
    },
  }; // deno-fmt-ignore
  for (const thrown of [null, undefined, "text", nasty, new Error("x".repeat(100_000))]) {
    const stage = stageWith(() => {
      throw thrown;
    });
    stage.submit(spec("s-0"));
    assert.ok((failures(stage)[0]?.length ?? 0) < 600);
    assert.deepEqual(stage.dispatches, ["s-0>0"]);
  }
});

Deno.test("changing the loads that it is shown changes nothing", () => {
  const stage = stageWith((loads) => {
    (loads as number[]).fill(0);
    return 2;
  });
  stage.submit(spec("s-0"), spec("s-1"));
  assert.deepEqual(stage.core.engines().map(({ load }) => load), [0, 0, 2]);
});

Deno.test("a snapshot remembers the offences", () => {
  const custom: CustomScheme = () => -1;
  const stage = stageWith(custom);
  stage.submit(spec("s-0"), spec("s-1"));
  const core = restoreScheduler(structuredClone(stage.core.snapshot()), custom);
  const effects = core.step({
    kind: "tasks-submitted",
    at: stage.now,
    session: "s" as never,
    specs: [spec("s-2")],
    agesMs: null,
    more: false,
    known: [],
  });
  const facts = effects.flatMap((effect) => effect.kind === "facts" ? effect.facts : []);
  const failed = facts.find((fact) => fact.kind === "scheme-failed");
  assert.deepEqual(failed?.kind === "scheme-failed" && [failed.offence, failed.replaced], [3, true]);
});

Deno.test("the scheme custom without a function is refused, when made and when restored", () => {
  assert.throws(() => createScheduler({ scheme: "custom" }), /no function was given/);
  const snapshot = createScheduler({ scheme: "custom" }, () => 0).snapshot();
  assert.throws(() => restoreScheduler(snapshot), TypeError);
});
