/**
 * The ways in which the model system is known to hang or to lie, one test each, numbered as in the list of them.
 *
 * Each would fail on that system. What they promise in full is tested in the other files of this folder.
 * @module
 */
import assert from "node:assert/strict";
import type { ContentHash, EngineId, Epoch, TaskId } from "../../../protocol/ids.ts";
import type { SystemError } from "../../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type DependencySpec, type TaskFlags } from "../../../protocol/task_spec.ts";
import { createScheduler } from "../../../scheduler/core/scheduler.ts";
import { ABORTED, DIED, DONE, engine, held, spec, Stage, THREW } from "./given.ts";

function on(ids: readonly string[], switches: Partial<DependencySpec> = {}): DependencySpec {
  return { ids: ids as readonly TaskId[], all: true, success: true, failure: false, ...switches };
}

function errorOf(stage: Stage, task: string): SystemError {
  const outcome = stage.settled.get(task)?.at(-1)?.outcome;
  assert.ok(outcome?.kind === "failed", `${task} has no error of the system`);
  return outcome.error;
}

Deno.test("1. blocked tasks keep their order at every rescan", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("x-0"), spec("x-1"));
  const blocked = ["s-0", "s-1", "s-2", "s-3", "s-4", "s-5"];
  const kinds: Partial<TaskFlags>[] = [{ after: on(["x-0"]) }, { targets: [0 as EngineId] }, { after: on(["x-0"]) }];
  stage.submit(...blocked.map((id, i) => spec(id, kinds[i % kinds.length])));
  // Everything that makes a scheduler look at them again: ends, engines that come and go, new tasks, time.
  for (let round = 0; round < 5; round++) {
    stage.submit(spec(`y-${round}`, { targets: [1 as EngineId] }));
    stage.end(round === 0 ? "x-1" : `y-${round - 1}`);
    stage.drain(1);
    stage.engineEnded(engine(1, "h", round + 1), true, true);
    stage.engineReady(engine(1, "h", round + 2));
    stage.after(10).wake();
  }
  assert.deepEqual(blocked.map((id) => stage.dispatched.get(id)?.length ?? 0), [0, 0, 0, 0, 0, 0]);
  stage.drain(1);
  stage.end("x-0");
  const order = [...stage.dispatches];
  for (let i = 0; i < 5; i++) order.push(...stage.end(blocked[i] ?? "") && stage.dispatches);
  assert.deepEqual(order, blocked.map((id) => `${id}>0`));
});

Deno.test("2. a chain submitted out of order fails to its end when its first task does, on an idle cluster", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { after: on(["s-1"]) }), spec("s-1", { after: on(["s-2"]) }), spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
  stage.end("s-2", THREW);
  assert.deepEqual([...stage.outcomes].sort(), ["s-0:ImpossibleDependency", "s-1:ImpossibleDependency", "s-2:threw"]);
  assert.match(errorOf(stage, "s-0").message, /"s-1".*"s-2"/s);
});

Deno.test("3. one failed dependency is answered at once, although another is pending and others wait for that", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.submit(spec("s-2", { after: on(["s-0"]) }), spec("s-3", { after: on(["s-0", "s-1"]) }));
  stage.end("s-1", THREW);
  assert.deepEqual(stage.outcomes, ["s-1:threw", "s-3:ImpossibleDependency"]);
  stage.submit(spec("s-4", { after: on(["s-0", "s-1"]) }));
  assert.deepEqual(stage.outcomes, ["s-4:ImpossibleDependency"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("4. with any hwm, dependencies and an engine that comes meanwhile, each task runs once", () => {
  for (const hwm of [0, 1, 2, 5]) {
    const stage = new Stage({ hwm });
    stage.joinEngines(1);
    const ids = Array.from({ length: 12 }, (_, i) => `s-${i}`);
    stage.submit(...ids.map((id, i) => spec(id, i < 4 ? {} : { after: on([`s-${i - 4}`, `s-${i - 3}`]) })));
    stage.join([engine(1, "new")]);
    for (let open = true; open;) {
      open = false;
      for (const id of ids) {
        if (!stage.dispatched.has(id) || stage.settled.has(id)) continue;
        stage.end(id);
        open = true;
      }
      if (stage.now === 1_000) stage.after(1).join([engine(2, "newer")]);
    }
    assert.deepEqual(ids.map((id) => stage.dispatched.get(id)?.length), ids.map(() => 1), `hwm ${hwm}`);
    assert.deepEqual(ids.map((id) => stage.outcomeOf(id)), ids.map(() => "done"), `hwm ${hwm}`);
  }
});

Deno.test("5. what follows a task whose engine has died is impossible, before the death and after it", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0");
  stage.submit(spec("s-2"));
  stage.submit(spec("s-3", { follow: on(["s-0"]) }));
  assert.deepEqual(stage.dispatches, [], "engine 0 is busy");
  stage.engineEnded(engine(0));
  assert.deepEqual(stage.outcomes, ["s-3:ImpossibleDependency"]);
  stage.engineReady(engine(0, "h", 2));
  stage.submit(spec("s-4", { follow: on(["s-0"]) }));
  assert.deepEqual(stage.outcomes, ["s-4:ImpossibleDependency"]);
  assert.match(errorOf(stage, "s-4").message, /"s-0"/);
});

Deno.test("6. to follow the failure of a task that never ran is impossible", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2", { follow: on(["s-1"], { success: false, failure: true }) }));
  stage.abort("s-1");
  assert.deepEqual(stage.outcomes, ["s-1:TaskAborted", "s-2:ImpossibleDependency"]);
  stage.submit(spec("s-3", { follow: on(["s-1"], { success: false, failure: true, all: false }) }));
  assert.deepEqual(stage.outcomes, ["s-3:ImpossibleDependency"]);
});

Deno.test("7. a chain of 100,000 failures fails to its end", () => {
  const core = createScheduler({ facts: false });
  const links = 100_000;
  const template = (flags: Partial<TaskFlags>) => (
    { code: "0".repeat(64) as ContentHash, name: "f", flags: { ...DEFAULT_FLAGS, ...flags }, captures: null }
  );
  const args = new Uint8Array(1);
  const specs = Array.from({ length: links }, (_, i) => {
    const flags = i === 0 ? { targets: [0 as EngineId] } : { after: on([`s-${i - 1}`]) };
    return { id: `s-${i}` as TaskId, template: template(flags), args };
  });
  core.step({ kind: "tasks-submitted", at: 0, session: "s" as never, specs, agesMs: null, more: false, known: [] });
  const effects = core.step({ kind: "abort-requested", at: 1, ids: ["s-0" as TaskId] });
  const outcomes = effects.flatMap((effect) =>
    effect.kind === "settle" && effect.outcome.kind === "failed" ? [effect.outcome.error] : []
  );
  assert.deepEqual([outcomes.length, core.counts().waiting], [links, 0]);
  assert.equal(outcomes.at(-1)?.name, "ImpossibleDependency");
  assert.match(outcomes.at(-1)?.message ?? "", /"s-0"/, "the last one knows the first cause");
});

Deno.test("8. more retries than engines come to an end, with the real error, also on targets", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 5 }), spec("s-1", { retries: 3, targets: [1 as EngineId] }));
  for (let i = 0; i < 4; i++) stage.end("s-1", THREW);
  assert.equal(stage.outcomeOf("s-1"), "threw");
  for (let i = 0; i < 6; i++) stage.end("s-0", THREW);
  assert.equal(stage.outcomeOf("s-0"), "threw");
  stage.submit(spec("s-2", { retries: 3, targets: [0 as EngineId] }));
  stage.submit(spec("s-3", { priority: 1, targets: [0 as EngineId] }));
  stage.end("s-2", THREW);
  stage.engineEnded(engine(0), false);
  assert.equal(stage.outcomeOf("s-2"), "threw", "its target went: the error it had is what became of it");
});

Deno.test("9. a timeout is a DependencyTimeout, counts from submission, and is not armed anew by a requeue", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { timeoutMs: 100, retries: 9 }), spec("s-1"));
  stage.submit(spec("s-2", { timeoutMs: 100, after: on(["s-1"]) }));
  stage.after(60).end("s-0", THREW);
  assert.deepEqual([stage.dispatches, stage.outcomes], [[], []], "engine 1 is busy");
  stage.after(39).wake();
  assert.deepEqual(stage.outcomes, []);
  stage.after(1).wake();
  assert.deepEqual([...stage.outcomes].sort(), ["s-0:DependencyTimeout", "s-2:DependencyTimeout"]);
});

Deno.test("10. abort reaches whatever is queued, for good, and an empty list aborts nothing", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  const backoff = { initialMs: 50, factor: 1, maxMs: 50, jitter: 0 };
  stage.submit(spec("s-0", { retries: 1, backoff }));
  stage.end("s-0", THREW);
  stage.submit(spec("s-1", { retries: 9 }), spec("s-2", { retries: 9 }), spec("s-3", { after: on(["s-2"]) }));
  stage.abort();
  assert.deepEqual(stage.effects, []);
  const running = stage.lastDispatch("s-1");
  stage.abort("s-0", "s-1", "s-2", "s-3");
  const aborted = ["s-0", "s-1", "s-2", "s-3"].map((id) => `${id}:TaskAborted`);
  assert.deepEqual([...stage.outcomes].sort(), aborted);
  stage.endDispatch(running, ABORTED);
  stage.after(1_000).wake();
  assert.deepEqual([stage.dispatches, stage.core.counts().ready], [[], 0]);
});

Deno.test("11. a task that is submitted again has its dependencies, targets, retries, timeout and label", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"));
  const first = spec("s-1", {
    after: on(["s-0"]),
    targets: [1 as EngineId],
    retries: 1,
    timeoutMs: 500,
    label: "again",
  });
  stage.submit(first);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>1"]);
  stage.end("s-1");
  stage.submit(spec("t-0", { targets: [1 as EngineId] }));
  stage.submit({ ...first, id: "s-2" as TaskId });
  assert.deepEqual(stage.dispatches, [], "its target is busy, and no other will do");
  stage.endDispatch(stage.lastDispatch("t-0"));
  assert.deepEqual(stage.dispatches, ["s-2>1"]);
  assert.equal(stage.lastDispatch("s-2").spec.template.flags.label, "again");
  stage.end("s-2", THREW);
  assert.deepEqual([stage.dispatches, stage.outcomes], [["s-2>1"], []], "it has its retry");
  stage.end("s-2");
  stage.submit(spec("t-1", { targets: [1 as EngineId] }));
  stage.submit({ ...first, id: "s-3" as TaskId });
  stage.after(500).wake();
  assert.deepEqual(stage.outcomes, ["s-3:DependencyTimeout"]);
});

Deno.test("12. a forgotten task costs nothing, also one that others depended on", () => {
  const sizeAfter = (tasks: number) => {
    const stage = new Stage({ retention: { maxRecords: 10, maxAgeMs: 1e9, maxBytes: 1e9 } });
    stage.joinEngines(1);
    stage.submit(spec("s-0"));
    for (let i = 1; i < tasks; i++) {
      stage.submit(spec(`s-${i}`, { after: on([`s-${i - 1}`]) }));
      stage.end(`s-${i - 1}`);
    }
    stage.end(`s-${tasks - 1}`);
    assert.equal(stage.core.counts().settled, 10);
    stage.step({ kind: "purge-requested", at: stage.now, ids: null });
    assert.equal(stage.core.counts().settled, 0);
    return JSON.stringify(stage.core.snapshot()).length;
  };
  assert.ok(Math.abs(sizeAfter(400) - sizeAfter(40)) < 40, "only numbers have more digits");
});

Deno.test("13. a late result after a death verdict is not delivered, neither twice nor in place of the new run", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.submit(spec("s-0"), spec("s-1", { retries: 1 }));
  const first = stage.lastDispatch("s-0");
  stage.loseHost("a");
  assert.deepEqual(stage.outcomes, ["s-0:EngineError"]);
  stage.endDispatch(first, DONE);
  assert.deepEqual(stage.outcomes, []);
  stage.join([engine(1, "b")]);
  const second = stage.lastDispatch("s-1");
  stage.loseHost("b");
  stage.join([engine(2, "c")]);
  stage.endDispatch(second, DONE);
  assert.deepEqual([stage.outcomes, stage.outcomeOf("s-1")], [[], null]);
  stage.end("s-1", DIED);
  stage.end("s-1", DONE);
  assert.equal(stage.outcomeOf("s-1"), "EngineError");
  assert.deepEqual(["s-0", "s-1"].map((id) => stage.settled.get(id)?.length), [1, 1]);
});

Deno.test("14. after a restart of the controller every queued task is there, and what ran is not run again", () => {
  const stage = new Stage({ epoch: 2 as Epoch, graceMs: 3_000 });
  stage.step({ kind: "scheduler-began", at: stage.now });
  // One ran on, one ended while nobody was there to hear, one was prefetched; the rest was queued in the first life.
  stage.join([engine(0), engine(1)], {
    held: [held("s-0", 1, 0, "running"), held("s-1", 2, 1, "ended"), held("s-3", 3, 1, "queued")],
  });
  stage.submit(
    spec("s-0"),
    spec("s-1"),
    spec("s-2", { after: on(["s-0", "s-1"]) }),
    spec("s-3"),
    spec("s-4"),
    spec("s-5", { after: on(["s-2"]), follow: on(["s-1"]) }),
  );
  assert.deepEqual(stage.outcomes, ["s-1:done"]);
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, []);
  stage.endDispatch({ host: "h", number: 1 } as never, DONE, 1);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:done"], ["s-2>0"]]);
  stage.endDispatch({ host: "h", number: 3 } as never, DONE, 1);
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-3:done"], ["s-4>1"]]);
  stage.endDispatch(stage.lastDispatch("s-2"), DONE, 2);
  stage.endDispatch(stage.lastDispatch("s-4"), DONE, 2);
  assert.deepEqual(stage.dispatches, ["s-5>1"], "where the held result came from");
  stage.endDispatch(stage.lastDispatch("s-5"), DONE, 2);
  assert.deepEqual(stage.core.counts(), { waiting: 0, ready: 0, assigned: 0, settled: 6 });
});
