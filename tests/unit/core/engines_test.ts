import assert from "node:assert/strict";
import type { Incarnation, TaskId } from "../../../protocol/ids.ts";
import { DIED, DONE, engine, RETURNED, spec, Stage } from "./given.ts";

Deno.test("a host is welcomed with fresh ids, counted up and never reused", () => {
  const stage = new Stage();
  stage.join([], { newEngines: 2 });
  assert.deepEqual(stage.of("host-welcomed").map(({ host, ids }) => [host, ids]), [["h", [0, 1]]]);
  stage.step({ kind: "engines-requested", at: stage.now, host: "h" as never, count: 1, request: 42 });
  assert.deepEqual(stage.of("engines-named").map(({ request, ids }) => [request, ids]), [[42, [2]]]);
  stage.loseHost();
  stage.join([], { host: "g" as never, newEngines: 1 });
  assert.deepEqual(stage.of("host-welcomed")[0]?.ids, [3]);
});

Deno.test("a host that says hello twice in one life hears the same ids again", () => {
  const stage = new Stage();
  stage.join([], { newEngines: 2 });
  stage.engineReady(engine(0));
  stage.join([], { newEngines: 2 });
  assert.deepEqual(stage.of("host-welcomed")[0]?.ids, [1]);
});

Deno.test("ids that a host brings along are kept and never given again", () => {
  const stage = new Stage();
  stage.join([engine(5)], { newEngines: 1 });
  assert.deepEqual(stage.of("host-welcomed")[0]?.ids, [6]);
  assert.deepEqual(stage.core.engines().map(({ id }) => id), [5]);
});

Deno.test("a host whose engine ids belong to another is refused, and says what to do", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.join([engine(0, "b", 2)]);
  assert.match(stage.of("host-refused")[0]?.reason ?? "", /host "b" with engine 0: host "a" has .* join with new ones/);
  stage.join([], { host: "c" as never, returning: [0] as never });
  assert.match(stage.of("host-refused")[0]?.reason ?? "", /host "c" with engine 0: host "a" has/);
  assert.deepEqual(stage.core.engines().map(({ host }) => host), ["a"]);
});

Deno.test("an engine that comes up under an id of another host is not taken, and the facts say why", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.join([], { host: "b" as never });
  stage.engineReady(engine(0, "b", 3));
  assert.deepEqual(stage.core.engines().map(({ host }) => host), ["a"]);
  const [fact] = stage.facts;
  assert.match(fact?.kind === "engine-failed" ? fact.reason : "", /host "a" has an engine of this id/);
});

Deno.test("the end of an old process takes nothing from the one that came up after it", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.engineReady(engine(0, "h", 2));
  stage.engineEnded(engine(0, "h", 1), false);
  const failed = { engine: 0 as never, host: "h" as never, reason: "late news", givenUp: true };
  stage.step({ kind: "engine-failed", at: stage.now, ...failed });
  stage.submit(spec("s-0", { targets: [0 as never] }));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("ids asked for by a host that is not known are none", () => {
  const stage = new Stage();
  stage.step({ kind: "engines-requested", at: stage.now, host: "x" as never, count: 2, request: 1 });
  assert.deepEqual(stage.of("engines-named")[0]?.ids, []);
});

Deno.test("engines that come and go are announced, once a step", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  assert.equal(stage.of("engines-changed").length, 1);
  stage.engineReady(engine(0));
  assert.deepEqual(stage.of("engines-changed"), []);
  stage.engineEnded(engine(1));
  assert.equal(stage.of("engines-changed").length, 1);
  assert.deepEqual(stage.core.engines().map(({ id }) => id), [0, 2]);
});

Deno.test("a dead engine's attempts are judged by what its host reports, before or after it ended", () => {
  for (const order of ["before", "after"]) {
    const stage = new Stage({ hwm: 2 });
    stage.joinEngines(1);
    stage.submit(spec("s-0", { retries: 1 }), spec("s-1"));
    if (order === "after") stage.engineEnded(engine(0));
    stage.end("s-0", DIED);
    if (order === "after") assert.deepEqual(stage.dispatches, []);
    stage.end("s-1", RETURNED);
    if (order === "before") stage.engineEnded(engine(0));
    stage.engineReady(engine(0, "h", 2));
    const redone = ["s-0", "s-1"].map((id) => stage.lastDispatch(id).attempt);
    assert.deepEqual(redone, [2, 1], `reported ${order} the end`);
  }
});

Deno.test("attempts that a living host never reports go back for nothing after a bounded time, and are stopped", () => {
  const stage = new Stage({ hwm: 3, reportGraceMs: 500 });
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.engineEnded(engine(0));
  assert.equal(stage.of("wake")[0]?.at, stage.now + 500);
  stage.end("s-2", RETURNED);
  stage.after(500).wake();
  assert.deepEqual(stage.outcomes, []);
  assert.deepEqual(stage.of("abort-attempts").map(({ numbers }) => numbers), [[1, 2]]);
  assert.equal(stage.core.counts().ready, 3);
});

Deno.test("a lost host: as many as an engine has slots count as running, the rest come back for nothing", () => {
  const stage = new Stage({ hwm: 2 });
  stage.join([engine(0, "a", 1, 2)]);
  stage.submit(...[0, 1, 2, 3].map((i) => spec(`s-${i}`)));
  stage.loseHost("a");
  assert.deepEqual(stage.outcomes, ["s-0:EngineError", "s-1:EngineError"]);
  assert.equal(stage.core.counts().ready, 2);
  stage.join([engine(1, "b", 1, 2)]);
  assert.deepEqual(stage.dispatches, ["s-2>1", "s-3>1"]);
  assert.equal(stage.lastDispatch("s-2").attempt, 1);
});

Deno.test("a late result after the verdict over its host changes nothing", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.submit(spec("s-0"));
  const dispatch = stage.lastDispatch("s-0");
  stage.loseHost("a");
  assert.deepEqual(stage.outcomes, ["s-0:EngineError"]);
  stage.endDispatch(dispatch, DONE);
  assert.deepEqual(stage.outcomes, []);
  assert.equal(stage.settled.get("s-0")?.length, 1);
});

Deno.test("a host that comes back as another life was lost meanwhile, and what it holds of this life is void", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.submit(spec("s-0", { retries: 1 }));
  const { number, epoch } = { number: stage.lastDispatch("s-0").number, epoch: 1 as never };
  const old = { task: "s-0" as TaskId, epoch, number, attempt: 1, engine: 0 as never, uuid: null };
  const done = { number, outcome: DONE, report: null };
  stage.join([engine(0, "a", 2)], {
    incarnation: "i2" as Incarnation,
    held: [{ ...old, state: "running", ended: null }, { ...old, state: "ended", ended: done }],
  });
  assert.deepEqual(stage.of("abort-attempts").map(({ numbers }) => numbers), [[1]]);
  assert.deepEqual(stage.of("release").map(({ numbers }) => numbers), [[1]]);
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  assert.equal(stage.lastDispatch("s-0").attempt, 2);
});

Deno.test("the loss of an earlier life of a host is no loss of this one", () => {
  const stage = new Stage();
  stage.join([engine(0)], { incarnation: "i2" as Incarnation });
  stage.step({ kind: "host-lost", at: stage.now, host: "h" as never, incarnation: "i1" as never, reason: "silent" });
  assert.equal(stage.core.engines().length, 1);
});

Deno.test("a draining engine finishes what it has and takes no more", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.drain(0);
  stage.submit(spec("s-2"));
  stage.end("s-0");
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:done"], []]);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-2>1"]);
  assert.equal(stage.core.engines()[0]?.draining, true);
  stage.drain(0);
  assert.deepEqual(stage.effects, [], "it drains already");
});

Deno.test("a requested stop is no crash: it is written down as requested, and nothing fails", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.drain(0);
  stage.engineEnded(engine(0), false, true);
  const left = stage.facts.find(({ kind }) => kind === "engine-left");
  assert.deepEqual(left && "requested" in left ? [left.requested, left.returns] : null, [true, false]);
  assert.deepEqual(stage.core.engines(), []);
});

Deno.test("news of an engine or a host that is not known is ignored", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.engineReady(engine(1, "nobody"));
  stage.engineEnded(engine(9));
  stage.engineEnded(engine(0, "h", 99));
  stage.drain(9);
  stage.loseHost("nobody");
  stage.step({ kind: "engine-failed", at: 0, engine: 9 as never, host: "h" as never, reason: "", givenUp: true });
  stage.step({ kind: "host-unreachable", at: 0, host: "nobody" as never });
  assert.deepEqual(stage.core.engines().map(({ id, uuid }) => [id, uuid]), [[0, "e0.1"]]);
});

Deno.test("an engine that comes up without its old process having ended replaces it", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.engineReady(engine(0, "h", 2));
  stage.end("s-0", DIED);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:EngineError"], ["s-1>0"]]);
});

Deno.test("what reached a host between two processes of an engine runs in the second, and counts there", () => {
  const stage = new Stage({ reportGraceMs: 500 });
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.engineEnded(engine(0));
  stage.engineReady(engine(0, "h", 2));
  assert.deepEqual([stage.dispatches, stage.core.engines()[0]?.load], [[], 1]);
  stage.after(500).wake();
  assert.deepEqual(stage.of("abort-attempts"), []);
  stage.end("s-0");
  assert.deepEqual([stage.outcomes, stage.of("settle")[0]?.uuid, stage.dispatches], [["s-0:done"], "e0.2", ["s-1>0"]]);
});

Deno.test("an engine that is given up before it was ready is gone for good", () => {
  const stage = new Stage();
  stage.join([], { newEngines: 1 });
  stage.submit(spec("s-0", { targets: [0 as never] }));
  const failed = { kind: "engine-failed", at: 0, engine: 0 as never, host: "h" as never, reason: "bad flag" } as const;
  stage.step({ ...failed, givenUp: false });
  assert.deepEqual(stage.outcomes, []);
  stage.step({ ...failed, givenUp: true });
  assert.deepEqual(stage.outcomes, ["s-0:ImpossibleDependency"]);
});
