import assert from "node:assert/strict";
import type { TaskId } from "../../../protocol/ids.ts";
import { DIRECT_COUNTERS_FROM, PURE_COUNTERS_FROM, REFUSED_COUNTERS_FROM } from "../../../protocol/ids.ts";
import type { SystemError } from "../../../protocol/outcome.ts";
import type { DependencySpec, TaskFlags, TaskSpec } from "../../../protocol/task_spec.ts";
import { ABORTED, DECLINED, DIED, engine, ERROR, RETURNED, spec, Stage, THREW } from "./given.ts";

function on(ids: readonly string[], switches: Partial<DependencySpec> = {}): DependencySpec {
  return { ids: ids as TaskId[], all: true, success: true, failure: false, ...switches };
}

/** A task that runs after others. */
function after(id: string, ids: readonly string[], flags: Partial<TaskFlags> = {}): TaskSpec {
  return spec(id, { after: on(ids), ...flags });
}

function errorOf(stage: Stage, task: string): SystemError {
  const outcome = stage.settled.get(task)?.at(-1)?.outcome;
  assert.ok(outcome?.kind === "failed", `${task} did not fail`);
  return outcome.error;
}

function staged(engines = 2): Stage {
  const stage = new Stage();
  stage.joinEngines(engines);
  stage.attach();
  return stage;
}

Deno.test("a task runs after those it names, and not before the last of them is done", () => {
  const stage = staged();
  stage.submit(spec("s-0"), spec("s-1"), after("s-2", ["s-0", "s-1"]));
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, []);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

Deno.test("a dependency on what is done already is met at once, and one on nothing too", () => {
  const stage = staged();
  stage.submit(spec("s-0"));
  stage.end("s-0");
  stage.submit(after("s-1", ["s-0"]), after("s-2", []));
  assert.equal(stage.dispatches.length, 2);
});

Deno.test("tasks of one batch may name each other in any order, also over the parts of a batch", () => {
  const stage = staged(1);
  stage.submit(after("s-0", ["s-1"]), after("s-1", ["s-2"]), spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
  stage.end("s-2");
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.submitPart(true, null, after("s-3", ["s-5"]));
  assert.equal(stage.core.explain("s-3" as TaskId).cause, "batch");
  stage.submitPart(true, null, after("s-4", ["s-3"]));
  stage.submitPart(false, null, spec("s-5"));
  for (const task of ["s-1", "s-0", "s-5", "s-3", "s-4"]) stage.end(task);
  assert.equal(stage.outcomeOf("s-4"), "done");
});

Deno.test("a task that names what is still to come is judged when it has come, even if another would do", () => {
  const stage = staged(1);
  stage.submit(spec("s-0"));
  stage.end("s-0");
  const any = { after: on(["s-0", "s-2"], { all: false }) };
  stage.submitPart(true, null, spec("s-1", any));
  assert.deepEqual(stage.dispatches, []);
  stage.submitPart(false, null, spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("what never came with its batch is InvalidDependency, when the batch is complete or its client gone", () => {
  const stage = staged();
  stage.submitPart(true, null, after("s-0", ["s-7"]));
  assert.equal(stage.outcomeOf("s-0"), null);
  stage.submitPart(false, null, spec("s-1"));
  assert.match(errorOf(stage, "s-0").message, /"after" names "s-7", a task that was never submitted here/);
  stage.submitPart(true, null, after("s-2", ["s-8"]), after("s-3", ["s-2"]));
  stage.leave();
  assert.equal(stage.outcomeOf("s-2"), null);
  stage.after(600_000).wake();
  stage.attach();
  assert.deepEqual(["s-2", "s-3"].map((task) => stage.outcomeOf(task)), ["InvalidDependency", "ImpossibleDependency"]);
});

Deno.test("ids that can't be meant are InvalidDependency, each with its reason, for that task alone", () => {
  const stage = new Stage({ retention: { maxRecords: 1, maxAgeMs: 1e9, maxBytes: 1e9 } });
  stage.joinEngines(2);
  stage.attach();
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0");
  stage.end("s-1");
  const direct = `s-${DIRECT_COUNTERS_FROM + 3}`;
  const pure = `s-${PURE_COUNTERS_FROM + 3}`;
  const refused = `s-${REFUSED_COUNTERS_FROM + 3}`;
  const many = Array.from({ length: 100_001 }, () => "s-1");
  const cases: readonly (readonly [id: string, ids: readonly string[], text: RegExp])[] = [
    ["s-2", ["s-2"], /names the task itself/],
    ["s-3", [direct], /a task of a direct view/],
    ["s-10", [pure], /a task of the scheme "pure"/],
    ["s-11", [refused], /a task that failed before it was submitted/],
    ["s-4", ["s-0"], /was settled and is forgotten/],
    ["s-5", ["x-1"], /never submitted here/],
    ["s-6", ["garbage"], /"garbage", which is no task id/],
    ["s-7", many, /100001 tasks; it may name 100000/],
  ];
  stage.submit(...cases.map(([id, ids]) => after(id, ids)), spec("s-9"));
  for (const [id, , text] of cases) {
    assert.equal(errorOf(stage, id).name, "InvalidDependency", id);
    assert.match(errorOf(stage, id).message, text);
  }
  assert.ok(stage.dispatched.has("s-9"));
});

Deno.test("the tasks of a cycle fail and print it, those behind them fail too, and the others run", () => {
  const stage = staged();
  stage.submit(
    after("s-0", ["s-2"]),
    after("s-1", ["s-0"]),
    spec("s-2", { follow: on(["s-1"]) }),
    after("s-3", ["s-1"]),
    spec("s-4"),
  );
  assert.deepEqual(stage.dispatches, ["s-4>0"]);
  assert.match(errorOf(stage, "s-1").message, /waits for itself, in the cycle s-1 → s-0 → s-2 → s-1;/);
  assert.match(errorOf(stage, "s-0").message, /in the cycle s-0 → s-2 → s-1 → s-0;/);
  assert.deepEqual([0, 1, 2, 3].map((n) => stage.outcomeOf(`s-${n}`)), Array(4).fill("ImpossibleDependency"));
  assert.match(errorOf(stage, "s-3").message, /"s-3": its "after" wants task "s-1" to succeed, and it failed/);
});

Deno.test("a cycle over the parts of a batch, and over two clients, is found when the batch is complete", () => {
  const stage = staged();
  stage.attach("t");
  stage.submitPart(true, null, after("s-0", ["s-1"]));
  stage.submit(after("t-0", ["s-0"]));
  stage.submitPart(false, null, after("s-1", ["t-0"]));
  assert.match(errorOf(stage, "t-0").message, /t-0 → s-0 → s-1 → t-0/);
  assert.deepEqual(["s-0", "s-1"].map((task) => errorOf(stage, task).name), Array(2).fill("ImpossibleDependency"));
});

Deno.test("a failure goes on to all that wait, and the error tells the way back to its cause", () => {
  const stage = staged();
  stage.submit(
    spec("s-0"),
    ...Array.from({ length: 8 }, (_, i) => after(`s-${i + 1}`, [`s-${i}`])),
  );
  stage.end("s-0", THREW);
  assert.deepEqual(stage.outcomes.slice(0, 3), ["s-0:threw", "s-1:ImpossibleDependency", "s-2:ImpossibleDependency"]);
  const { message, cause } = errorOf(stage, "s-8");
  assert.match(message, /"after" wants task "s-7" to succeed, and it failed with ImpossibleDependency/);
  assert.match(message, /"s-7" ← "s-6" ← "s-5" ← … 4 more … ← "s-0", which threw an error$/);
  assert.equal(cause, ERROR);
  assert.match(errorOf(stage, "s-1").message, /wants task "s-0" to succeed, and it threw an error$/);
  assert.match(errorOf(stage, "s-2").message, /"s-1" ← "s-0", which threw an error$/);
});

Deno.test("a chain of 100,000 fails at once, in any order of submission, without recursion", () => {
  for (const direction of [1, -1]) {
    const stage = new Stage({ facts: false, retention: { maxRecords: 1e6, maxAgeMs: 1e9, maxBytes: 1e9 } });
    const { core } = stage;
    const count = 100_000;
    const specs = [spec("s-0"), ...Array.from({ length: count }, (_, i) => after(`s-${i + 1}`, [`s-${i}`]))];
    if (direction < 0) specs.reverse();
    const submitted = {
      kind: "tasks-submitted",
      at: 1,
      session: "s" as never,
      specs,
      agesMs: null,
      more: false,
      known: [],
    } as const;
    core.step(submitted);
    const effects = core.step({ kind: "abort-requested", at: 2, ids: ["s-0" as TaskId] });
    assert.equal(effects.filter(({ kind }) => kind === "settle").length, count + 1);
    assert.deepEqual(core.counts(), { waiting: 0, ready: 0, assigned: 0, settled: count + 1 });
  }
});

Deno.test("a clean-up task runs when the task has failed, whatever it failed of, and else never", () => {
  const failing = on(["s-0"], { success: false, failure: true });
  for (const [how, outcome] of Object.entries({ THREW, DIED, ABORTED })) {
    const stage = staged(1);
    stage.submit(spec("s-0"), spec("s-1", { after: failing }));
    stage.end("s-0", outcome);
    assert.deepEqual(stage.dispatches, ["s-1>0"], how);
  }
  const stage = staged(1);
  stage.submit(spec("s-0"), spec("s-1", { after: failing }));
  stage.end("s-0");
  assert.match(errorOf(stage, "s-1").message, /wants task "s-0" to fail, and it is done$/);
});

Deno.test("an attempt that is retried, returned or declined is no failure for those who wait", () => {
  const stage = staged(1);
  stage.submit(spec("s-0", { retries: 1 }), after("s-1", ["s-0"]));
  stage.end("s-0", THREW);
  stage.end("s-0", RETURNED);
  assert.equal(stage.outcomeOf("s-1"), null);
  stage.end("s-0", DECLINED);
  assert.equal(stage.outcomeOf("s-1"), null);
  stage.join([engine(7, "other")]);
  stage.end("s-0");
  assert.ok(stage.dispatched.has("s-1"));
});

Deno.test("a waiting task can be aborted and runs out of time, and both go on to those behind it", () => {
  const stage = staged(1);
  stage.submit(spec("s-0"), after("s-1", ["s-0"]), after("s-2", ["s-1"]), after("s-3", ["s-0"], { timeoutMs: 50 }));
  stage.abort("s-1");
  assert.deepEqual(stage.outcomes, ["s-1:TaskAborted", "s-2:ImpossibleDependency"]);
  stage.after(50).wake();
  assert.deepEqual(stage.outcomes, ["s-3:DependencyTimeout"]);
  assert.match(errorOf(stage, "s-3").message, /1 of the tasks that it depends on had not ended within its timeout/);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, []);
});

Deno.test("the timeout of a task goes on from waiting to being ready, and ends with its assignment", () => {
  const stage = staged(1);
  stage.submit(spec("s-0"), after("s-1", ["s-0"], { timeoutMs: 50 }), spec("s-2"));
  stage.after(20).end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.after(40).wake();
  assert.deepEqual(stage.outcomes, []);
});

Deno.test("a finished task is not forgotten while a waiting task names it, and is when it may be", () => {
  const stage = new Stage({ retention: { maxRecords: 1, maxAgeMs: 1e9, maxBytes: 1e9 } });
  stage.joinEngines(1);
  stage.attach();
  stage.submit(spec("s-0"), spec("s-1"), after("s-2", ["s-0", "s-1"]));
  stage.end("s-0");
  stage.submit(spec("s-3"), spec("s-4"));
  stage.step({ kind: "purge-requested", at: stage.now, ids: null });
  stage.submit(after("s-5", ["s-0"]));
  assert.equal(stage.outcomeOf("s-5"), null);
  stage.end("s-1");
  assert.equal(stage.core.explain("s-0" as TaskId).cause, "forgotten");
});

Deno.test("a waiting task keeps its place: unblocked, it goes before what was submitted later", () => {
  const stage = staged(1);
  stage.submit(spec("s-0"), after("s-1", ["s-0"]), spec("s-2"), spec("s-3"));
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("explain says what a task waits for", () => {
  const stage = staged(1);
  stage.submit(spec("s-0"), spec("s-1"), after("s-2", ["s-0", "s-1"]), after("s-3", ["s-2"]));
  const { text, cause, tasks, status } = stage.core.explain("s-2" as TaskId);
  assert.deepEqual({ cause, tasks, status }, { cause: "tasks", tasks: ["s-0", "s-1"], status: "waiting" });
  assert.equal(text, 'Task "s-2" waits for 2 tasks: "s-0", "s-1".');
  assert.equal(stage.core.explain("s-3" as TaskId).text, 'Task "s-3" waits for task "s-2".');
});

Deno.test("a waiting task whose targets are all gone for good fails at once", () => {
  const stage = staged(2);
  stage.submit(spec("s-0"), after("s-1", ["s-0"], { targets: [1] as never }));
  stage.engineEnded(engine(1), false);
  assert.deepEqual(stage.outcomes, ["s-1:ImpossibleDependency"]);
  stage.submit(after("s-2", ["s-0"], { targets: [1] as never }));
  assert.deepEqual(stage.outcomes, ["s-2:ImpossibleDependency"]);
});

Deno.test("what failed for want of an engine at its last chance frees the engine for those who wait for its failure", () => {
  const stage = staged(1);
  const cleanUp = spec("s-2", { after: on(["s-1"], { success: false, failure: true }) });
  stage.submit(spec("s-1", { retries: 1, timeoutMs: 10, targets: [0] as never }), cleanUp);
  stage.drain(0);
  stage.join([engine(5, "other")]);
  stage.after(20).end("s-1", THREW);
  assert.deepEqual(stage.outcomes, ["s-1:DependencyTimeout"]);
  assert.deepEqual(stage.dispatches, ["s-2>5"]);
});

Deno.test("a new controller takes its client's word for what was settled in an earlier life", () => {
  const stage = new Stage({ graceMs: 100, epoch: 2 as never });
  stage.step({ kind: "scheduler-began", at: stage.now });
  const known = (n: number, ok: boolean, on: number | null) => (
    {
      task: `s-${n}` as TaskId,
      ok,
      engine: on as never,
      engineUuid: on === null ? null : `e${on}.1` as never,
      error: ok ? null : "TaskAborted",
    }
  );
  stage.step({
    kind: "tasks-submitted",
    at: stage.now,
    session: "s" as never,
    specs: [
      after("s-5", ["s-0"]),
      after("s-6", ["s-1"]),
      spec("s-7", { follow: on(["s-0"]) }),
      spec("s-8", { follow: on(["s-2"]) }),
    ],
    agesMs: null,
    more: false,
    known: [known(0, true, 1), known(1, false, null), known(2, true, 9)],
  });
  assert.deepEqual(stage.outcomes, ["s-6:ImpossibleDependency"]);
  assert.match(errorOf(stage, "s-6").message, /failed with TaskAborted \(it ended in an earlier life/);
  stage.join([engine(0), engine(1)]);
  stage.after(100).wake();
  assert.deepEqual(stage.outcomes, ["s-8:ImpossibleDependency"]);
  assert.deepEqual(stage.dispatches, ["s-5>0", "s-7>1"]);
});

Deno.test("when a named task comes at last, all who named it are judged, also where the first of them fails at once", () => {
  const stage = staged();
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-0");
  stage.end("s-1", THREW);
  stage.submitPart(
    true,
    null,
    spec("s-2", { after: on(["s-1", "s-9"]), follow: on(["s-9"]) }),
    spec("s-3", { after: on(["s-0"], { success: false, failure: true }), follow: on(["s-9"]) }),
  );
  stage.submitPart(false, null, spec("s-9"));
  assert.deepEqual(stage.outcomes, ["s-2:ImpossibleDependency", "s-3:ImpossibleDependency"]);
});
