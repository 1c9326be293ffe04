import assert from "node:assert/strict";
import type { TaskId } from "../../../protocol/ids.ts";
import { ABORTED, DECLINED, DONE, engine, ERROR, RETURNED, spec, Stage, THREW, VALUE } from "./given.ts";

Deno.test("a task submitted to an idle cluster is dispatched in the same step", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1"]);
  assert.deepEqual(stage.of("dispatch").map(({ number, attempt }) => [number, attempt]), [[1, 1], [2, 1]]);
});

Deno.test("a result settles its task, releases it on the host and lets the next one go", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0");
  const kinds = stage.effects.map(({ kind }) => kind).filter((kind) => kind !== "wake");
  assert.deepEqual(kinds, ["facts", "settle", "dispatch", "release"]);
  const [settle] = stage.of("settle");
  assert.deepEqual([settle?.session, settle?.engine, settle?.uuid, settle?.attempts], ["s", 0, "e0.1", 1]);
  assert.deepEqual(settle?.outcome, { kind: "done", value: VALUE });
  assert.deepEqual(stage.of("release").map(({ host, epoch, numbers }) => [host, epoch, numbers]), [["h", 1, [1]]]);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("facts tell the life of a task in order and come before all other effects", () => {
  const stage = new Stage();
  stage.attach();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["task-accepted", "task-assigned"]);
  stage.end("s-0");
  assert.equal(stage.effects[0]?.kind, "facts");
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["task-settled"]);
});

Deno.test("no facts are written where they are switched off", () => {
  const stage = new Stage({ facts: false });
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.end("s-0");
  assert.deepEqual(stage.of("facts"), []);
});

Deno.test("tasks without engines wait, and explain says so", () => {
  const stage = new Stage();
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.dispatches, []);
  assert.equal(stage.core.explain("s-0" as TaskId).cause, "no-engines");
  stage.joinEngines(1);
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("a second result of the same dispatch changes nothing and is released again", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  const dispatch = stage.lastDispatch("s-0");
  stage.end("s-0");
  stage.endDispatch(dispatch, THREW);
  assert.deepEqual(stage.effects.map(({ kind }) => kind), ["release"]);
});

Deno.test("a result of an earlier dispatch of the same task changes nothing", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1 }));
  const first = stage.lastDispatch("s-0");
  stage.end("s-0", THREW);
  stage.endDispatch(first, DONE);
  assert.equal(stage.outcomeOf("s-0"), null);
  stage.end("s-0", DONE);
  assert.deepEqual(stage.outcomes, ["s-0:done"]);
});

Deno.test("a result of another epoch or from another host changes nothing", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.join([engine(1, "other")]);
  stage.submit(spec("s-0"));
  const dispatch = stage.lastDispatch("s-0");
  stage.endDispatch(dispatch, DONE, 7);
  stage.endDispatch({ ...dispatch, host: "other" as never }, DONE);
  assert.equal(stage.outcomeOf("s-0"), null);
  assert.equal(stage.core.counts().assigned, 1);
});

Deno.test("an id submitted again while its task lives is ignored", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.effects, []);
  stage.end("s-0");
  assert.equal(stage.dispatched.get("s-0")?.length, 1);
});

Deno.test("an id submitted again after it was settled is answered again and not run", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.end("s-0");
  stage.submit(spec("s-0"));
  assert.deepEqual(stage.outcomes, ["s-0:done"]);
  assert.deepEqual(stage.dispatches, []);
});

Deno.test("an id that is not of the session that submits it is ignored", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("t-1"), spec("s-x"), spec("s-"));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
  assert.deepEqual(stage.core.counts(), { waiting: 0, ready: 0, assigned: 1, settled: 0 });
});

Deno.test("a task with dependencies is refused at once, since they are not there yet", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  const dependency = { ids: ["s-0" as TaskId], all: true, success: true, failure: false };
  stage.submit(spec("s-1", { after: dependency }), spec("s-2", { follow: dependency }));
  assert.deepEqual(stage.outcomes, ["s-1:InvalidDependency", "s-2:InvalidDependency"]);
});

Deno.test("a thrown error without retries is the outcome, with its bytes", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.of("settle")[0]?.outcome, { kind: "threw", error: ERROR });
});

Deno.test("abort of a queued task is gone at once and never dispatched", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.abort("s-1");
  assert.deepEqual(stage.outcomes, ["s-1:TaskAborted"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("abort of an assigned task settles it at once but its engine stays taken until the host reports", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 5 }), spec("s-1"));
  const dispatch = stage.lastDispatch("s-0");
  stage.abort("s-0");
  assert.deepEqual(stage.outcomes, ["s-0:TaskAborted"]);
  assert.deepEqual(stage.of("abort-attempts").map(({ host, epoch, numbers }) => [host, epoch, numbers]), [["h", 1, [
    1,
  ]]]);
  assert.deepEqual(stage.dispatches, []);
  stage.endDispatch(dispatch, ABORTED);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  assert.equal(stage.settled.get("s-0")?.length, 1);
});

Deno.test("aborts on several hosts go to each its own, in one effect each", () => {
  const stage = new Stage();
  stage.join([engine(0, "a"), engine(1, "a")]);
  stage.join([engine(2, "b")]);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.abort("s-0", "s-1", "s-2");
  const aborts = stage.of("abort-attempts").map(({ host, numbers }) => [host, numbers]);
  assert.deepEqual(aborts, [["a", [1, 2]], ["b", [3]]]);
});

Deno.test("an aborted task that ends otherwise is neither settled twice nor retried", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 5 }));
  stage.abort("s-0");
  stage.end("s-0", THREW);
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], []]);
});

Deno.test("abort of nothing, of the unknown and of the finished does nothing", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0");
  stage.abort();
  assert.deepEqual(stage.effects, []);
  stage.abort("s-0", "s-9", "nonsense", "t-0");
  assert.deepEqual(stage.effects, []);
});

Deno.test("abort reaches a task that pauses before its retry", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 1, backoff: { initialMs: 50, factor: 2, maxMs: 100, jitter: 0 } }));
  stage.end("s-0", THREW);
  assert.equal(stage.core.counts().waiting, 1);
  stage.abort("s-0");
  assert.deepEqual(stage.outcomes, ["s-0:TaskAborted"]);
  stage.after(1_000).wake();
  assert.deepEqual(stage.dispatches, []);
});

Deno.test("an attempt that comes back for nothing goes out first again and is not counted", () => {
  const stage = new Stage({ hwm: 2 });
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.end("s-1", RETURNED);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  assert.equal(stage.lastDispatch("s-1").attempt, 1);
  assert.equal(stage.lastDispatch("s-1").number, 3);
});

Deno.test("a declined task goes elsewhere, costs no retry, and is not shown to the client", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"));
  stage.end("s-0", DECLINED);
  assert.deepEqual([stage.dispatches, stage.outcomes], [["s-0>1"], []]);
  stage.end("s-0", DECLINED);
  assert.deepEqual(stage.dispatches, []);
  const { cause, text } = stage.core.explain("s-0" as TaskId);
  assert.equal(cause, "declined");
  assert.match(text, /declined by all 2 engines/);
});

Deno.test("a task that all declined blocks nobody and waits for a new engine, or a new incarnation", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0", DECLINED);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, []);
  stage.engineEnded(engine(0));
  stage.engineReady(engine(0, "h", 2));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("the client's tasks go on without it, and it is told when it comes back", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.attach();
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.end("s-0");
  stage.leave();
  stage.end("s-1");
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-2>0"]]);
  stage.attach("s", 1);
  assert.deepEqual(stage.outcomes, ["s-1:done"]);
});

Deno.test("the story tells the moves of a task", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 1 }));
  stage.end("s-0", RETURNED);
  const story = stage.core.story("s-0" as TaskId).map(({ text }) => text);
  assert.deepEqual(story, [
    "accept: new → ready",
    "assign: ready → assigned (engine 0)",
    "return: assigned → ready (engine 0)",
    "assign: ready → assigned (engine 0)",
  ]);
});

Deno.test("time that goes back is read as the newest that was seen", () => {
  const stage = new Stage();
  stage.attach();
  stage.joinEngines(1);
  stage.after(-500).submit(spec("s-0"));
  assert.deepEqual(stage.facts.map(({ at }) => at), [1_000, 1_000]);
});
