import assert from "node:assert/strict";
import type { Epoch, HostId, TaskId } from "../../../protocol/ids.ts";
import type { DependencySpec, TaskFlags, TaskSpec } from "../../../protocol/task_spec.ts";
import type { HeldAttempt } from "../../../scheduler/core/events.ts";
import { DEFAULT_OPTIONS } from "../../../scheduler/core/scheduler_core.ts";
import { DECLINED, DIED, engine, held, RETURNED, spec, Stage, THREW } from "./given.ts";

function follow(
  id: string,
  ids: readonly string[],
  switches: Partial<DependencySpec> = {},
  flags: Partial<TaskFlags> = {},
): TaskSpec {
  return spec(id, {
    follow: { ids: ids as TaskId[], all: true, success: true, failure: false, ...switches },
    ...flags,
  });
}

const ANY = { all: false };

function messageOf(stage: Stage, task: string): string {
  const outcome = stage.settled.get(task)?.at(-1)?.outcome;
  assert.ok(outcome?.kind === "failed", `${task} did not fail`);
  assert.equal(outcome.error.name, "ImpossibleDependency");
  return outcome.error.message;
}

/** Tasks s-0, s-1, … on engines 0, 1, …, all done. */
function ranOn(engines: number): Stage {
  const stage = new Stage();
  stage.joinEngines(engines);
  stage.attach();
  const specs = Array.from({ length: engines }, (_, id) => spec(`s-${id}`, { targets: [id] as never }));
  stage.submit(...specs);
  for (const { id } of specs) stage.end(id);
  return stage;
}

Deno.test("a follower runs where the task ran that it follows, and waits for that engine while it is busy", () => {
  const stage = ranOn(3);
  stage.submit(spec("s-5", { targets: [1] as never }));
  stage.submit(follow("s-6", ["s-1"]), spec("s-7"));
  assert.deepEqual(stage.dispatches, ["s-7>0"]);
  assert.deepEqual(stage.core.explain("s-6" as TaskId).engines, [1]);
  assert.match(stage.core.explain("s-6" as TaskId).text, /waits for the engine that ran what it follows/);
  stage.end("s-5");
  assert.deepEqual(stage.dispatches, ["s-6>1"]);
});

Deno.test("a follower waits for the tasks it follows, and for those it runs after", () => {
  const stage = ranOn(2);
  stage.submit(spec("s-3", { targets: [1] as never }), spec("s-4", { targets: [0] as never }));
  stage.submit(
    follow("s-5", ["s-3"], {}, { after: { ids: ["s-4" as TaskId], all: true, success: true, failure: false } }),
  );
  stage.end("s-3");
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-4");
  assert.deepEqual(stage.dispatches, ["s-5>1"]);
});

Deno.test("to follow all of several that ran on one engine is fine, on different ones impossible at once", () => {
  const stage = ranOn(2);
  stage.submit(spec("s-3", { targets: [1] as never }));
  stage.submit(follow("s-4", ["s-0", "s-1", "s-3"]), follow("s-5", ["s-1", "s-3"]));
  assert.match(messageOf(stage, "s-4"), /task "s-1" ran on engine 1, and "s-0" elsewhere; follow one of them, or any/);
  stage.end("s-3");
  assert.deepEqual(stage.dispatches, ["s-5>1"]);
});

Deno.test("to follow any of several is to run on any of the engines that ran them, and more come with the others", () => {
  const stage = ranOn(3);
  stage.submit(...[0, 1].map((id) => spec(`s-${id + 5}`, { targets: [id] as never })));
  stage.submit(spec("s-8", { targets: [2] as never }));
  stage.submit(follow("s-9", ["s-0", "s-8"], ANY), follow("s-10", ["s-1", "s-8"], ANY));
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-8");
  assert.deepEqual(stage.dispatches, ["s-9>2"]);
  stage.end("s-6");
  assert.deepEqual(stage.dispatches, ["s-10>1"]);
});

Deno.test("to follow what ran in a process that has ended is impossible, when it ends and ever after", () => {
  const stage = ranOn(2);
  stage.submit(spec("s-3", { targets: [1] as never }), follow("s-4", ["s-1"]));
  stage.engineEnded(engine(1), true);
  assert.match(messageOf(stage, "s-4"), /"s-1" ran on engine 1, in a process that has ended/);
  stage.engineReady(engine(1, "h", 2));
  stage.submit(follow("s-5", ["s-1"]));
  assert.match(messageOf(stage, "s-5"), /in a process that has ended/);
});

Deno.test("a follower of any loses a place and keeps another, or waits for one that is to come", () => {
  const stage = ranOn(3);
  stage.submit(spec("s-5", { targets: [0] as never }), spec("s-6", { targets: [1] as never }), spec("s-7"));
  stage.submit(follow("s-8", ["s-0", "s-1"], ANY), follow("s-9", ["s-0", "s-7"], ANY));
  stage.engineEnded(engine(0), false);
  assert.deepEqual(stage.outcomes, []);
  assert.equal(stage.core.explain("s-9" as TaskId).cause, "tasks");
  stage.end("s-7");
  assert.deepEqual(stage.dispatches, ["s-9>2"]);
  stage.engineEnded(engine(1), false);
  assert.match(messageOf(stage, "s-8"), /in a process that has ended/);
});

Deno.test("to follow a failure is possible where it ran, and impossible where it never ran", () => {
  const stage = ranOn(2);
  const failing = { success: false, failure: true };
  stage.submit(spec("s-3"), spec("s-4", { targets: [0, 1] as never }), spec("s-5", { timeoutMs: 5 }));
  stage.submit(
    follow("s-6", ["s-3"], failing),
    follow("s-7", ["s-5"], failing),
    follow("s-8", ["s-3", "s-5"], { ...failing, all: false }),
  );
  stage.after(10).wake();
  assert.match(messageOf(stage, "s-7"), /task "s-5" never ran on an engine/);
  stage.end("s-3", THREW);
  assert.deepEqual(stage.dispatches, ["s-6>0"]);
  stage.end("s-6");
  assert.deepEqual(stage.dispatches, ["s-8>0"]);
});

Deno.test("a follower whose targets leave out the place, or that declined it, can never run", () => {
  const stage = ranOn(2);
  stage.submit(follow("s-3", ["s-0"], {}, { targets: [1] as never }));
  assert.match(messageOf(stage, "s-3"), /that was engine 0, which is not among its targets \[1\]/);
  stage.submit(follow("s-4", ["s-0"]));
  stage.end("s-4", DECLINED);
  assert.match(messageOf(stage, "s-4"), /that was engine 0, which has declined it/);
});

Deno.test("a follower is retried where it may run, and fails with its own error when that place is gone", () => {
  const stage = ranOn(2);
  stage.submit(follow("s-3", ["s-0"], {}, { retries: 5 }));
  stage.end("s-3", THREW);
  assert.deepEqual(stage.dispatches, ["s-3>0"]);
  stage.engineEnded(engine(0), true);
  stage.end("s-3", DIED);
  assert.equal(stage.outcomeOf("s-3"), "EngineError");
});

Deno.test("a follower that comes back for nothing from a process that has ended can't run again", () => {
  const stage = ranOn(1);
  stage.submit(follow("s-3", ["s-0"]));
  stage.engineEnded(engine(0), true);
  stage.end("s-3", RETURNED);
  assert.match(messageOf(stage, "s-3"), /in a process that has ended/);
});

Deno.test("the last attempt counts: who follows a retried task goes where it ended", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.attach();
  stage.submit(spec("s-0", { retries: 1 }), follow("s-1", ["s-0"]));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>1"]);
});

Deno.test("a task that loses its place and then waits for one that waits for it fails, and does not wait for ever", () => {
  const stage = ranOn(2);
  stage.submit(follow("s-3", ["s-4", "s-0"], ANY), follow("s-4", ["s-3"]));
  assert.deepEqual(stage.dispatches, ["s-3>0"]);
  stage.engineEnded(engine(0), false);
  stage.end("s-3", RETURNED);
  assert.match(messageOf(stage, "s-3"), /it waits for itself, in the cycle s-3 → s-4 → s-3/);
  assert.match(messageOf(stage, "s-4"), /it waits for itself/);
});

/** A life after another: the client has told what became of tasks, and hosts "a" and "b" are awaited. */
function newLife(specs: readonly TaskSpec[], heldOnA: readonly HeldAttempt[], maxRecords = 100): Stage {
  const knownHosts = ["a" as HostId, "b" as HostId];
  const { retention } = DEFAULT_OPTIONS;
  const stage = new Stage({
    epoch: 2 as Epoch,
    graceMs: 3_000,
    knownHosts,
    retention: { ...retention, maxRecords },
  });
  stage.join([engine(0, "a")], { held: heldOnA });
  const known = [0, 1].map((id) => {
    const { id: engineId, uuid } = engine(id);
    return { task: `s-${id}` as TaskId, ok: true, engine: engineId, engineUuid: uuid, error: null };
  });
  const batch = { session: "s" as never, specs, agesMs: null, more: false, known };
  stage.step({ kind: "tasks-submitted", at: stage.now, ...batch });
  return stage;
}

Deno.test("a follower that a new life took over and that lost its place in the grace goes where another ran", () => {
  const failed = held("s-2", 7, 0, "ended", THREW);
  const stage = newLife([follow("s-2", ["s-0", "s-1"], ANY, { retries: 1 })], [failed]);
  stage.engineEnded(engine(0, "a"));
  stage.engineReady(engine(0, "a", 2));
  stage.join([engine(1, "b")]);
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-2>1"]]);
});

Deno.test("where a task ran is known until the hosts of the earlier life had time to come back", () => {
  const runs = held("s-3", 7, 0, "running");
  const stage = newLife([follow("s-2", ["s-0", "s-1"], ANY), spec("s-3")], [runs], 0);
  stage.join([engine(1, "b")]);
  assert.deepEqual(stage.dispatches, ["s-2>1"], "engine 0 ran one of them too, and is busy");
});

Deno.test("a circle is none if a host comes back on which one of its tasks can run without the others", () => {
  const circle = [follow("s-2", ["s-1", "s-3"], ANY), follow("s-3", ["s-2"])];
  const stage = newLife(circle, []);
  stage.join([engine(1, "b")]);
  assert.deepEqual([stage.outcomes, stage.dispatches], [[], ["s-2>1"]]);
  const other = newLife(circle, []);
  assert.deepEqual(other.outcomes, []);
  other.join([engine(5, "b")]);
  assert.deepEqual(other.outcomes, ["s-2:ImpossibleDependency", "s-3:ImpossibleDependency"]);
});

Deno.test("a follower that waited when its attempt of an earlier life was found goes back where that was", () => {
  const stage = new Stage({ epoch: 2 as Epoch, graceMs: 3_000 });
  stage.submit(spec("s-0"), follow("s-1", ["s-0"], {}, { retries: 1 }));
  assert.equal(stage.core.counts().waiting, 1);
  stage.join([engine(0), engine(1)], { held: [held("s-1", 7, 1, "ended", THREW)] });
  stage.after(3_000).wake();
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1"]);
});
