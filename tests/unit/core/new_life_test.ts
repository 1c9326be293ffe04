import assert from "node:assert/strict";
import type { Epoch, HostId, TaskId } from "../../../protocol/ids.ts";
import { DECLINED, DONE, engine, held, spec, Stage, THREW } from "./given.ts";

const SECOND = { epoch: 2 as Epoch, graceMs: 3_000 };

Deno.test("a new life dispatches nothing before its grace is over, then everything", () => {
  const stage = new Stage(SECOND);
  stage.step({ kind: "scheduler-began", at: stage.now });
  assert.deepEqual(stage.of("wake").map(({ at }) => at), [stage.now + 3_000]);
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.dispatches, []);
  assert.equal(stage.core.explain("s-0" as TaskId).cause, "grace");
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("the grace is over when all known hosts are back", () => {
  const stage = new Stage({ ...SECOND, knownHosts: ["a" as HostId, "b" as HostId] });
  stage.submit(spec("s-0"), spec("s-1"));
  stage.join([engine(0, "a")]);
  assert.deepEqual(stage.dispatches, []);
  stage.join([engine(1, "b")]);
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1"]);
});

Deno.test("no engine is named in the grace, so that ids that come back are not given twice", () => {
  const stage = new Stage(SECOND);
  stage.join([], { host: "new" as HostId, newEngines: 2 });
  stage.step({ kind: "engines-requested", at: stage.now, host: "new" as HostId, count: 1, request: 9 });
  assert.deepEqual([stage.of("host-welcomed"), stage.of("engines-named")], [[], []]);
  stage.join([engine(0, "old"), engine(1, "old")]);
  assert.deepEqual(stage.of("host-welcomed").map(({ ids }) => ids), [[]]);
  stage.after(3_000).wake();
  assert.deepEqual(stage.of("host-welcomed").map(({ host, ids }) => [host, ids]), [["new", [2, 3]]]);
  assert.deepEqual(stage.of("engines-named").map(({ ids }) => ids), [[4]]);
});

Deno.test("a host lost before its ids were named is not welcomed any more", () => {
  const stage = new Stage(SECOND);
  stage.join([], { host: "new" as HostId, newEngines: 2 });
  stage.loseHost("new");
  stage.after(3_000).wake();
  assert.deepEqual(stage.of("host-welcomed"), []);
});

Deno.test("what runs on a host is adopted when its client submits it again, and not dispatched twice", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "running"), held("s-1", 8, 0, "queued")] });
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  assert.equal(stage.core.counts().assigned, 2);
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, []);
  stage.endDispatch({ host: "h", number: 7 } as never, DONE, 1);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:done"], []]);
  assert.deepEqual(stage.of("release").map(({ epoch, numbers }) => [epoch, numbers]), [[1, [7]]]);
  stage.endDispatch({ host: "h", number: 8 } as never, DONE, 1);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-1:done"], ["s-2>0"]]);
});

Deno.test("the same when the client comes first and the host afterwards", () => {
  const stage = new Stage(SECOND);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.join([engine(0), engine(1)], { held: [held("s-0", 7, 0, "running"), held("s-1", 8, 1, "ended")] });
  assert.deepEqual(stage.outcomes, ["s-1:done"]);
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, []);
  stage.endDispatch({ host: "h", number: 7 } as never, DONE, 1);
  assert.deepEqual(stage.outcomes, ["s-0:done"]);
});

Deno.test("a held result settles its task as soon as its client submits it again", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "ended"), held("s-1", 8, 0, "ended", THREW)] });
  assert.deepEqual(stage.of("release"), []);
  stage.submit(spec("s-0"), spec("s-1", { retries: 1 }));
  assert.deepEqual(stage.outcomes, ["s-0:done"]);
  assert.deepEqual(stage.of("release").map(({ numbers }) => numbers), [[7, 8]]);
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  assert.equal(stage.lastDispatch("s-1").attempt, 2);
});

Deno.test("an attempt that ends before its client is back keeps its result on the host until then", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "running")] });
  stage.endDispatch({ host: "h", number: 7 } as never, DONE, 1);
  assert.deepEqual(stage.of("release"), []);
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.outcomes, ["s-0:done"]);
  assert.deepEqual(stage.of("release").map(({ numbers }) => numbers), [[7]]);
});

Deno.test("what nobody claims is dropped after a bounded time: stopped if it runs, released if it ended", () => {
  const stage = new Stage({ ...SECOND, adoptableMs: 10_000 });
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "running"), held("s-1", 8, 0, "ended")] });
  assert.equal(stage.core.engines()[0]?.load, 1);
  stage.after(10_000).wake();
  assert.deepEqual(stage.of("abort-attempts").map(({ epoch, numbers }) => [epoch, numbers]), [[1, [7]]]);
  assert.deepEqual(stage.of("release").map(({ numbers }) => numbers), [[8]]);
  stage.submit(spec("s-1"));
  assert.deepEqual(stage.dispatches, [], "the engine is taken until the host says that it is free");
  stage.endDispatch({ host: "h", number: 7 } as never, { kind: "aborted" }, 1);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("an adopted attempt is retried, declined and aborted like any other", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0), engine(1), engine(2)], {
    held: [held("s-0", 1, 0, "running"), held("s-1", 2, 1, "running"), held("s-2", 3, 2, "running")],
  });
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1"), spec("s-2"));
  stage.abort("s-2");
  assert.deepEqual(stage.outcomes, ["s-2:TaskAborted"]);
  assert.deepEqual(stage.of("abort-attempts").map(({ epoch, numbers }) => [epoch, numbers]), [[1, [3]]]);
  stage.after(3_000).wake();
  stage.endDispatch({ host: "h", number: 1 } as never, THREW, 1);
  assert.deepEqual(stage.dispatches, [], "engine 0 failed it, the others are busy");
  stage.endDispatch({ host: "h", number: 2 } as never, DECLINED, 1);
  assert.deepEqual(stage.dispatches, ["s-0>1", "s-1>0"]);
});

Deno.test("two hosts that hold the same task: the first is believed, the second is told to stop", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0, "a")], { held: [held("s-0", 7, 0, "running")] });
  stage.join([engine(1, "b")], { held: [held("s-0", 9, 1, "running")] });
  assert.deepEqual(stage.of("abort-attempts").map(({ host, numbers }) => [host, numbers]), [["b", [9]]]);
});

Deno.test("a host lost with unclaimed attempts loses them, and their tasks start from the beginning", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0, "a")], { held: [held("s-0", 7, 0, "running")] });
  stage.loseHost("a");
  stage.submit(spec("s-0"));
  stage.join([engine(1, "b")]);
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  assert.equal(stage.lastDispatch("s-0").attempt, 1);
});

Deno.test("what is held on an engine that is not up is stopped, and of a later life is left alone", () => {
  const stage = new Stage(SECOND);
  const later = { ...held("s-1", 8, 0, "running"), epoch: 3 as Epoch };
  stage.join([engine(0)], { held: [held("s-0", 7, 5, "queued"), later] });
  assert.deepEqual(stage.of("abort-attempts").map(({ numbers }) => numbers), [[7]]);
});

Deno.test("an earlier attempt is not adopted for a task that has run in this life already", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0)]);
  stage.after(3_000).submit(spec("s-0", { retries: 1 }));
  stage.submit(spec("s-1", { priority: 1 }));
  stage.endDispatch(stage.lastDispatch("s-0"), THREW, 2);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.join([engine(1, "late")], { held: [held("s-0", 7, 1, "ended")] });
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-0>1"]]);
});

Deno.test("what a host claims to hold of this very life is void", () => {
  const stage = new Stage();
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "running"), held("s-1", 8, 0, "ended")] });
  assert.deepEqual(stage.of("abort-attempts").map(({ numbers }) => numbers), [[7]]);
  assert.deepEqual(stage.of("release").map(({ numbers }) => numbers), [[8]]);
  stage.submit(spec("s-1"));
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-1>0"]]);
});

Deno.test("results of a later life are neither taken nor released", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.endDispatch(stage.lastDispatch("s-0"), DONE, 2);
  assert.deepEqual(stage.effects, []);
});

Deno.test("what is held on an engine of another host is stopped", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0, "a")]);
  stage.join([engine(1, "b")], { held: [held("s-0", 7, 0, "running")] });
  assert.deepEqual(stage.of("abort-attempts").map(({ host, numbers }) => [host, numbers]), [["b", [7]]]);
});

Deno.test("a host that says hello twice in the grace is welcomed once", () => {
  const stage = new Stage(SECOND);
  stage.join([], { newEngines: 1 });
  stage.join([], { newEngines: 1 });
  assert.deepEqual(stage.of("host-welcomed"), []);
  stage.after(3_000).wake();
  assert.deepEqual(stage.of("host-welcomed").map(({ ids }) => ids), [[0]]);
});

Deno.test("targets that did not come back within the grace are gone for good", () => {
  const stage = new Stage({ ...SECOND, firstEngineId: 4 });
  stage.submit(spec("s-0", { targets: [1 as never] }), spec("s-1", { targets: [2 as never] }));
  stage.join([engine(2)]);
  assert.deepEqual(stage.outcomes, []);
  stage.after(3_000).wake();
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:ImpossibleDependency"], ["s-1>2"]]);
});

Deno.test("an engine that is between two processes when the grace ends is not gone, unless it is given up", () => {
  const stage = new Stage({ ...SECOND, firstEngineId: 4 });
  stage.submit(spec("s-0", { targets: [1 as never] }), spec("s-1", { targets: [2 as never] }));
  stage.join([engine(0)], { returning: [1, 2] as never });
  assert.deepEqual(stage.facts.filter(({ kind }) => kind === "engine-expected").length, 2);
  stage.after(3_000).wake();
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], []]);
  assert.equal(stage.core.explain("s-0" as TaskId).cause, "targets");
  const failed = { engine: 2 as never, host: "h" as HostId, reason: "bad flag", givenUp: true };
  stage.step({ kind: "engine-failed", at: stage.now, ...failed });
  assert.deepEqual(stage.outcomes, ["s-1:ImpossibleDependency"]);
  stage.engineReady(engine(1, "h", 2));
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
});

Deno.test("attempts that failed in the earlier life have cost a retry each", () => {
  const stage = new Stage(SECOND);
  const second = { ...held("s-0", 7, 0, "ended", THREW), attempt: 2 };
  const running = { ...held("s-1", 8, 0, "running"), attempt: 2 };
  stage.join([engine(0)], { held: [second, running] });
  stage.submit(spec("s-0", { retries: 1 }), spec("s-1", { retries: 2 }));
  assert.deepEqual(stage.outcomes, ["s-0:threw"], "it had one retry, and this was it");
  stage.after(3_000).wake();
  stage.endDispatch({ host: "h", number: 8 } as never, THREW, 1);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  assert.equal(stage.lastDispatch("s-1").attempt, 3);
  stage.endDispatch(stage.lastDispatch("s-1"), THREW, 2);
  assert.deepEqual(stage.outcomes, ["s-1:threw"]);
});

Deno.test("an abort of an earlier life that nobody asks for again runs the task anew: it was of the attempt", () => {
  const stage = new Stage(SECOND);
  const aborted = { kind: "aborted" } as const;
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "ended", aborted), held("s-1", 8, 0, "running")] });
  stage.submit(spec("s-0"), spec("s-1"));
  assert.deepEqual(stage.outcomes, []);
  stage.after(3_000).wake();
  stage.endDispatch({ host: "h", number: 8 } as never, aborted, 1);
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-0>0"]]);
  assert.equal(stage.lastDispatch("s-0").attempt, 1);
});

Deno.test("a held result names the process it came from, not the one that is there now", () => {
  const stage = new Stage(SECOND);
  const old = engine(0, "h", 1).uuid;
  stage.join([engine(0, "h", 2)], {
    held: [held("s-0", 7, 0, "ended", DONE, old), held("s-1", 8, 0, "ended", THREW, old)],
  });
  stage.submit(spec("s-0"), spec("s-1", { retries: 1 }));
  assert.deepEqual(stage.of("settle").map(({ uuid }) => uuid), [old]);
  stage.join([engine(1, "other")], { host: "other" as HostId });
  stage.after(3_000).submit(spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-1>0", "s-2>1"], "the process that is there now has not failed it");
});

Deno.test("an unclaimed attempt that ran in the process after the one that was told names that one", () => {
  const stage = new Stage(SECOND);
  stage.join([engine(0, "h", 1)], { held: [held("s-0", 7, 0, "queued")] });
  stage.engineEnded(engine(0, "h", 1));
  stage.engineReady(engine(0, "h", 2));
  stage.endDispatch({ host: "h", number: 7 } as never, DONE, 1);
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.of("settle").map(({ uuid }) => uuid), [engine(0, "h", 2).uuid]);
});

Deno.test("time in which the scheduler stood still is no time in which hosts could come back", () => {
  const stage = new Stage(SECOND);
  stage.step({ kind: "scheduler-began", at: stage.now });
  stage.submit(spec("s-0"));
  stage.after(6_000).step({ kind: "stood-still", at: stage.now - 5_500, ms: 5_500 });
  stage.join([engine(0)], { held: [held("s-0", 7, 0, "running")] });
  stage.after(2_000).wake();
  assert.deepEqual([stage.dispatches, stage.core.counts().assigned], [[], 1]);
  stage.after(600).submit(spec("s-1"));
  assert.equal(stage.core.explain("s-1" as TaskId).cause, "free-engine");
});
