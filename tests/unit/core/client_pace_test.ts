import assert from "node:assert/strict";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import { restoreScheduler } from "../../../scheduler/core/restore.ts";
import { DECLINED, engine, spec, Stage, THREW } from "./given.ts";

const targets = (...ids: number[]) => ({ targets: ids as EngineId[] });

/** Two clients, `s` and `t`, with tasks for one engine that is busy with the first of `s`. */
function busyStage(): Stage {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"), spec("s-3", { priority: 5 }));
  stage.submit(spec("t-0"));
  return stage;
}

Deno.test("tasks of a client that is behind with its results wait, those of others take their turn", () => {
  const stage = busyStage();
  stage.pace(true);
  stage.end("s-3");
  assert.deepEqual(stage.dispatches, ["t-0>0"]);
  stage.end("t-0");
  assert.deepEqual(stage.dispatches, []);
  assert.deepEqual(stage.core.counts().ready, 3);
  assert.equal(stage.core.explain("s-1" as TaskId).cause, "client");
  assert.equal(stage.core.statusOf("s-1" as TaskId), "ready");
  stage.submit(spec("t-1"));
  assert.deepEqual(stage.dispatches, ["t-1>0"]);
});

Deno.test("once it has caught up they go on in their order, also those that came meanwhile", () => {
  const stage = busyStage();
  stage.pace(true);
  stage.end("s-3");
  stage.submit(spec("s-4", { priority: 1 }), spec("s-5"));
  stage.end("t-0");
  stage.pace(true);
  assert.deepEqual(stage.dispatches, []);
  const order: string[] = [];
  stage.pace(false);
  for (let round = 0; round < 5; round++) {
    const [next = ""] = stage.dispatches;
    order.push(next.split(">")[0] ?? "");
    stage.end(order.at(-1) ?? "");
  }
  assert.deepEqual(order, ["s-4", "s-0", "s-1", "s-2", "s-5"]);
});

Deno.test("it holds for restricted tasks and for those that come back too", () => {
  const stage = new Stage();
  stage.join([engine(0), engine(1)]);
  stage.submit(spec("s-0", targets(0)), spec("s-1", { ...targets(1), retries: 1 }), spec("s-2", targets(0)));
  stage.pace(true);
  stage.end("s-0");
  stage.end("s-1", THREW);
  assert.deepEqual(stage.dispatches, []);
  stage.pace(false);
  assert.deepEqual(stage.dispatches.sort(), ["s-1>1", "s-2>0"]);
  stage.pace(true);
  stage.end("s-2", DECLINED);
  stage.submit(spec("t-0", targets(0)));
  assert.deepEqual(stage.dispatches, ["t-0>0"]);
});

Deno.test("what it has running goes on, can be aborted, and is told when it ends", () => {
  const stage = busyStage();
  stage.pace(true);
  stage.abort("s-1");
  assert.deepEqual(stage.outcomes, ["s-1:TaskAborted"]);
  stage.end("s-3");
  assert.deepEqual(stage.outcomes, ["s-3:done"]);
});

Deno.test("a client that left is not waited for, and one that is back begins anew", () => {
  const stage = busyStage();
  stage.pace(true);
  stage.end("s-3");
  stage.end("t-0");
  stage.leave("s");
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  stage.attach("s");
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("a client that nobody knows is not made one by its pace", () => {
  const stage = busyStage();
  stage.pace(true, "nobody");
  assert.deepEqual([...stage.state.sessions.keys()].sort(), ["s", "t"]);
});

Deno.test("a snapshot keeps who is behind", () => {
  const stage = busyStage();
  stage.pace(true);
  const again = restoreScheduler(structuredClone(stage.core.snapshot()));
  const event = { kind: "client-pace-changed", at: stage.now, session: "s" as never, behind: false } as const;
  const last = stage.lastDispatch("s-3");
  const ended = {
    kind: "attempts-ended",
    at: stage.now,
    host: last.host,
    epoch: 1 as never,
    results: [{ number: last.number, outcome: { kind: "returned" }, report: null }],
  } as const;
  for (const one of [ended, event]) assert.deepEqual(again.step(one), stage.step(one));
});
