import assert from "node:assert/strict";
import type { EngineUuid, Epoch, Session } from "../../../protocol/ids.ts";
import { coreOver } from "../../../scheduler/core/scheduler.ts";
import { restoreState } from "../../../scheduler/core/restore.ts";
import { DONE, engine, held, spec, Stage } from "./given.ts";

Deno.test("an engine has a place more while a task on it lends its slot", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  stage.slots(["s-0"]);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  // Said twice, it is lent once.
  stage.slots(["s-0"]);
  assert.deepEqual(stage.dispatches, []);
  stage.slots(["s-1"]);
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("a slot that is taken back is no place: the engine takes nothing until it is below its limit", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.slots(["s-0"]);
  stage.slots([], ["s-0"]);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("what a task has lent ends with it", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.slots(["s-0"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("with every mark and scheme a chain of tasks that wait for each other goes through one engine", () => {
  for (const hwm of [0, 1, 2, "auto"] as const) {
    for (const scheme of ["leastload", "lru", "twobin", "weighted"] as const) {
      const stage = new Stage({ hwm, scheme });
      stage.joinEngines(1);
      for (let depth = 0; depth < 6; depth++) {
        stage.submit(spec(`s-${depth}`));
        assert.deepEqual(stage.dispatches, [`s-${depth}>0`], `${scheme}, hwm ${hwm}`);
        stage.slots([`s-${depth}`]);
      }
      for (let depth = 5; depth >= 0; depth--) {
        stage.slots([], [`s-${depth}`]);
        stage.end(`s-${depth}`);
      }
      assert.equal(stage.outcomeOf("s-0"), "done");
    }
  }
});

Deno.test("a snapshot knows whose slots are lent", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.slots(["s-0"]);
  const restored = coreOver(restoreState(structuredClone(stage.core.snapshot())));
  const event = {
    kind: "tasks-submitted",
    at: 2_000,
    session: "t" as Session,
    specs: [spec("t-0")],
    agesMs: null,
    more: false,
    known: [],
  } as const;
  const effects = restored.step(event);
  assert.deepEqual(effects, stage.step(event));
  assert.ok(effects.some(({ kind }) => kind === "dispatch"));
});

Deno.test("a new life hears from the host whose slots are lent", () => {
  const stage = new Stage({ epoch: 2 as Epoch });
  stage.join([engine(0)], { held: [{ ...held("s-0", 7, 0, "running"), lent: true }] });
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("of a lost host all have died that had begun: those that lent their slots, and those in their place", () => {
  const stage = new Stage({ hwm: 0 });
  stage.join([engine(0)]);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.slots(["s-0"]);
  stage.loseHost();
  assert.deepEqual(stage.outcomes, ["s-0:EngineError", "s-1:EngineError"]);
});

Deno.test("the next process under an id has none of the places that the one before had lent", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.slots(["s-0"]);
  stage.engineEnded(engine(0));
  stage.engineReady({ ...engine(0), uuid: "e0.2" as EngineUuid });
  assert.deepEqual(stage.dispatches, []);
});

Deno.test("what the client of an engine has not settled ends with it, and with the engine's host", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("t-0"));
  stage.submit(spec("t-0"), spec("t-1"));
  stage.attach("s");
  stage.step({ kind: "client-ended", at: stage.now, session: "s" as Session });
  assert.deepEqual(stage.outcomes, ["s-0:TaskAborted", "s-1:TaskAborted"]);
  assert.equal(stage.of("abort-attempts").length, 1);

  stage.join([engine(1, "other")], { host: "other" as never });
  stage.submit(spec("u-0"), spec("u-1"));
  stage.attach("u", 0, "h");
  stage.attach("t", 0, "other");
  stage.loseHost();
  assert.equal(stage.outcomeOf("u-1"), "TaskAborted");
  assert.equal(stage.outcomeOf("t-1"), null);
});

Deno.test("what is said of slots of another host's attempts, or of such that ended, is ignored", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0", DONE);
  stage.slots(["s-0"]);
  assert.equal(stage.state.registry.current(engine(0).id)?.lent, 0);
});

Deno.test("how many slots are lent is written down, also when a lender ends", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  const lent = () => stage.facts.flatMap((fact) => fact.kind === "slots-lent" ? [fact.lent] : []);
  stage.slots(["s-0"]);
  assert.deepEqual(lent(), [1]);
  stage.slots(["s-1"], ["s-0"]);
  assert.deepEqual(lent(), [1]);
  stage.end("s-1");
  assert.deepEqual(lent(), [0]);
});
