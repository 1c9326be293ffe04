import assert from "node:assert/strict";
import type { Session, TaskId } from "../../../protocol/ids.ts";
import type { DependencySpec, TaskSpec } from "../../../protocol/task_spec.ts";
import { DONE, engine, spec, Stage, THREW } from "./given.ts";

function on(ids: readonly string[], switches: Partial<DependencySpec> = {}): DependencySpec {
  return { ids: ids as readonly TaskId[], all: true, success: true, failure: false, ...switches };
}

function purgeAll(stage: Stage): void {
  stage.step({ kind: "purge-requested", at: stage.now, ids: null });
}

function submitPart(stage: Stage, session: string, ...specs: readonly TaskSpec[]): void {
  const batch = { session: session as Session, specs, agesMs: null, more: true, known: [] };
  stage.step({ kind: "tasks-submitted", at: stage.now, ...batch });
}

Deno.test("a purge in the very step that ends the last task that named what was purged before forgets it once", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.end("s-0", DONE);
  stage.submit(spec("s-1"), spec("s-2", { after: on(["s-0", "s-1"]), timeoutMs: 50 }));
  purgeAll(stage);
  assert.equal(stage.core.counts().settled, 1, "s-2 names it");
  stage.after(60);
  purgeAll(stage);
  const forgotten = stage.facts.flatMap((fact) => fact.kind === "task-forgotten" ? [fact.task] : []);
  assert.deepEqual([...forgotten].sort(), ["s-0", "s-2"]);
});

Deno.test("two tasks fail that wait for each other only since an engine died: neither can ever run", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0", DONE);
  stage.submit(spec("s-2"));
  // It may run where the first did, or where the one ran that waits for it.
  stage.submit(spec("s-3", { follow: on(["s-0", "s-4"], { all: false }) }), spec("s-4", { after: on(["s-3"]) }));
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], []]);
  stage.engineEnded(engine(0));
  assert.deepEqual([...stage.outcomes].sort(), ["s-3:ImpossibleDependency", "s-4:ImpossibleDependency"]);
});

Deno.test("a batch that is not complete is not judged for cycles when another client's batch is", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("b-0"));
  submitPart(
    stage,
    "a",
    spec("a-0", { after: on(["a-1"]) }),
    spec("a-1", { after: on(["b-0", "a-0"], { all: false }) }),
  );
  stage.submit(spec("c-0", { after: on(["a-1", "c-1"], { all: false }) }), spec("c-1"));
  assert.deepEqual(stage.outcomes, []);
  stage.end("b-0", DONE);
  assert.deepEqual(stage.dispatches, ["a-1>0"]);
});

Deno.test("tasks that fail with others of their batch end a circle before it is looked for, in any order", () => {
  const tasks = [
    spec("s-0", { after: on(["s-2"], { all: false }) }),
    spec("s-1", { after: on(["s-0", "s-2"]) }),
    spec("s-2", { after: on(["s-1"], { success: false, failure: true }), follow: on(["nobody-0"]) }),
    spec("s-3", { after: on(["s-1"], { success: false, failure: true }) }),
  ];
  for (const order of [tasks, [...tasks].reverse()]) {
    const stage = new Stage();
    stage.joinEngines(1);
    stage.submit(...order);
    const names = ["s-0", "s-1", "s-2"].map((id) => stage.outcomeOf(id));
    assert.deepEqual(names, ["ImpossibleDependency", "ImpossibleDependency", "InvalidDependency"]);
    assert.deepEqual(stage.dispatches, ["s-3>0"]);
  }
});

Deno.test("what passed first has its consequences first, also where the core is woken late", () => {
  const stage = new Stage();
  stage.submit(spec("s-0", { timeoutMs: 50 }), spec("s-1", { timeoutMs: 60, after: on(["s-0"]) }));
  stage.after(100).wake();
  assert.deepEqual([...stage.outcomes].sort(), ["s-0:DependencyTimeout", "s-1:ImpossibleDependency"]);
});

Deno.test("a task that failed on an engine and then timed out is followed there", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1, timeoutMs: 50 }), spec("s-1"));
  stage.end("s-0", THREW);
  stage.submit(spec("s-2", { follow: on(["s-0"], { success: false, failure: true }) }));
  stage.after(50).wake();
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:DependencyTimeout"], ["s-2>0"]]);
});
