import assert from "node:assert/strict";
import type { ContentHash, EngineId, HostId, TaskId } from "../../../protocol/ids.ts";
import type { AttemptOutcome } from "../../../protocol/outcome.ts";
import type { TaskFlags, TaskInput, TaskSpec } from "../../../protocol/task_spec.ts";
import { restoreScheduler } from "../../../scheduler/core/restore.ts";
import { DONE, engine, held, spec, Stage, THREW, VALUE } from "./given.ts";

function given(id: string, inputs: readonly TaskInput[], flags: Partial<TaskFlags> = {}): TaskSpec {
  return { ...spec(id, flags), inputs };
}

function id(text: string): TaskId {
  return text as TaskId;
}

function blob(home: string, size = 100_000) {
  return { hash: "b".repeat(64) as ContentHash, size, home: home as HostId };
}

function big(home: string, size?: number): AttemptOutcome {
  return { kind: "done", value: blob(home, size) };
}

function where(stage: Stage, task: string): number {
  return Number(stage.dispatched.get(task)?.at(-1)?.engine ?? -1);
}

/** Two hosts with two engines each. */
function twoHosts(options = {}): Stage {
  const stage = new Stage(options);
  stage.join([engine(0, "h"), engine(1, "h")]);
  stage.join([engine(2, "g"), engine(3, "g")]);
  return stage;
}

Deno.test("a task waits for its inputs and is given their results, in the order in which it names them", () => {
  const stage = new Stage();
  stage.join([engine(0), engine(1)]);
  stage.submit(spec("c-0"), spec("c-1"), given("c-2", [id("c-1"), VALUE, id("c-0"), id("c-1")]));
  assert.match(stage.core.explain(id("c-2")).text, /waits for 2 tasks: "c-1", "c-0"/);
  stage.end("c-0", { kind: "done", value: new Uint8Array([10]) });
  stage.end("c-1", { kind: "done", value: new Uint8Array([11]) });
  const inputs = stage.dispatched.get("c-2")?.[0]?.inputs;
  assert.deepEqual(inputs, [[11], [1], [10], [11]].map((bytes) => new Uint8Array(bytes)));
});

Deno.test("the failure of an input fails what was to be given it, through any number of tasks", () => {
  const stage = new Stage();
  stage.join([engine(0)]);
  stage.submit(spec("c-0"), given("c-1", [id("c-0")]), given("c-2", [id("c-1")]));
  stage.end("c-0", THREW);
  const outcome = stage.settled.get("c-2")?.[0]?.outcome;
  assert.ok(outcome?.kind === "failed" && outcome.error.name === "ImpossibleDependency");
  assert.match(outcome.error.message, /one of its inputs wants task "c-1" to succeed.*"c-0", which threw an error/);
});

Deno.test("inputs that can't be are invalid: unknown ones, direct ones, the task itself, and those that were forgotten", () => {
  const stage = new Stage();
  stage.join([engine(0)]);
  stage.submit(spec("c-0"));
  stage.end("c-0", DONE);
  stage.step({ kind: "purge-requested", at: stage.now, ids: [id("c-0")] });
  const direct = `c-${2 ** 40}`;
  for (const [task, input] of [["c-1", "c-0"], ["c-2", "d-7"], ["c-3", direct], ["c-4", "c-4"]] as const) {
    stage.submit(given(task, [id(input)]));
    const outcome = stage.settled.get(task)?.[0]?.outcome;
    assert.ok(outcome?.kind === "failed" && outcome.error.name === "InvalidDependency", task);
    assert.match(outcome.error.message, /one of its inputs names/);
  }
});

Deno.test("tasks that are given each other's results are a cycle", () => {
  const stage = new Stage();
  stage.join([engine(0)]);
  stage.submit(given("c-0", [id("c-1")]), given("c-1", [id("c-0")]));
  const outcome = stage.settled.get("c-0")?.[0]?.outcome;
  assert.ok(outcome?.kind === "failed");
  assert.match(outcome.error.message, /"?c-0"? → "?c-1"? → "?c-0"?/);
});

Deno.test("an input is kept until the task has ended, and a retry is given it again", () => {
  const stage = new Stage({ retention: { maxRecords: 0, maxAgeMs: 1e9, maxBytes: 1e9 } });
  stage.join([engine(0), engine(1)]);
  stage.submit(spec("c-0"), given("c-1", [id("c-0")], { retries: 1 }));
  stage.end("c-0", DONE);
  stage.step({ kind: "purge-requested", at: stage.now, ids: [id("c-0")] });
  stage.end("c-1", THREW);
  assert.deepEqual(stage.dispatched.get("c-1")?.map(({ inputs }) => inputs), [[VALUE], [VALUE]]);
  assert.equal(stage.core.statusOf(id("c-0")), "done");
  stage.end("c-1", DONE);
  assert.equal(stage.core.statusOf(id("c-0")), "forgotten");
});

Deno.test("a task goes to the engine that made its biggest input", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }), spec("c-1", { targets: [1 as EngineId] }));
  stage.end("c-0", big("g", 200_000));
  stage.end("c-1", big("h", 100_000));
  stage.submit(given("c-2", [id("c-1"), id("c-0")]));
  assert.equal(where(stage, "c-2"), 3);
});

Deno.test("where that engine is busy it goes to another of the same host, and where all there are, elsewhere", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }));
  stage.end("c-0", big("g"));
  stage.submit(given("c-1", [id("c-0")]), given("c-2", [id("c-0")]), given("c-3", [id("c-0")]));
  assert.equal(where(stage, "c-1"), 3);
  assert.equal(where(stage, "c-2"), 2);
  assert.ok([0, 1].includes(where(stage, "c-3")));
});

Deno.test("without a mark tasks of one input do not pile up where that lies while other engines are idle", () => {
  const stage = twoHosts({ hwm: 0 });
  stage.submit(spec("c-0", { targets: [3 as EngineId] }));
  stage.end("c-0", big("g"));
  stage.submit(...[1, 2, 3, 4].map((counter) => given(`c-${counter}`, [id("c-0")])));
  assert.deepEqual([1, 2, 3, 4].map((counter) => where(stage, `c-${counter}`)).sort(), [0, 1, 2, 3]);
});

Deno.test("targets and declined engines go before the place of an input", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }));
  stage.end("c-0", big("g"));
  stage.submit(given("c-1", [id("c-0")], { targets: [0 as EngineId] }));
  assert.equal(where(stage, "c-1"), 0);
});

Deno.test("a value that lies on a host draws the task there as a result does", () => {
  const stage = twoHosts();
  stage.submit(given("c-0", [blob("g")]), given("c-1", [blob("h")]));
  assert.ok([2, 3].includes(where(stage, "c-0")));
  assert.ok([0, 1].includes(where(stage, "c-1")));
});

Deno.test("an input that lay on a host that is gone fails the task, and says which it was and what to do", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }));
  stage.end("c-0", big("g"));
  stage.loseHost("g");
  stage.submit(given("c-1", [id("c-0")]));
  const outcome = stage.settled.get("c-1")?.[0]?.outcome;
  assert.ok(outcome?.kind === "failed" && outcome.error.name === "EngineError");
  assert.match(outcome.error.message, /the result of task "c-0".*was lost.*host "g", which is gone; submit the task/);
});

Deno.test("a task that was ready when the host of its input was lost fails when an engine is free for it", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }));
  stage.end("c-0", big("g"));
  stage.submit(spec("c-1", { targets: [0 as EngineId] }), given("c-2", [id("c-0")], { targets: [0 as EngineId] }));
  stage.loseHost("g");
  assert.equal(stage.core.statusOf(id("c-2")), "ready");
  stage.end("c-1", DONE);
  assert.equal(stage.settled.get("c-2")?.[0]?.outcome.kind, "failed");
});

Deno.test("of an input that an earlier life settled only the outcome may be known: then the task is told so", () => {
  const stage = new Stage({ epoch: 2 as never });
  stage.join([engine(0)]);
  const known = [{ task: id("c-0"), ok: true, engine: null, engineUuid: null, error: null }];
  stage.step({
    kind: "tasks-submitted",
    at: stage.now,
    session: "c" as never,
    specs: [given("c-1", [id("c-0")])],
    agesMs: null,
    more: false,
    known,
  });
  const outcome = stage.settled.get("c-1")?.[0]?.outcome;
  assert.ok(outcome?.kind === "failed" && outcome.error.name === "InvalidDependency");
  assert.match(outcome.error.message, /the result of task "c-0".*is not there any more/);
});

Deno.test("a task that runs since an earlier life waits for its input again when it has to be retried", () => {
  const stage = new Stage({ epoch: 2 as never });
  stage.join([engine(0), engine(1)], { held: [held("c-1", 7, 0, "running")] });
  stage.submit(spec("c-0"), given("c-1", [id("c-0")], { retries: 1 }));
  stage.endDispatch({ host: "h", number: 7 } as never, THREW, 1);
  assert.equal(stage.core.statusOf(id("c-1")), "waiting");
  stage.endDispatch(stage.lastDispatch("c-0"), DONE, 2);
  assert.deepEqual(stage.dispatched.get("c-1")?.[0]?.inputs, [VALUE]);
});

Deno.test("a snapshot keeps what tasks wait to be given, and what is kept for them", () => {
  const stage = twoHosts();
  stage.submit(spec("c-0", { targets: [3 as EngineId] }), spec("c-1"), given("c-2", [id("c-0"), id("c-1")]));
  stage.end("c-0", big("g"));
  const snapshot = structuredClone(stage.core.snapshot());
  assert.deepEqual(restoreScheduler(snapshot).snapshot(), snapshot);
  assert.deepEqual(snapshot.pinned, ["c-0"]);
});

Deno.test("whoever asks is told of the tasks of others, now or when they are settled, and once", () => {
  const stage = new Stage();
  stage.join([engine(0)]);
  stage.submit(spec("c-0"), spec("c-1"));
  stage.end("c-0", DONE);
  stage.leave("c");
  const ask = (session: string, ...ids: string[]) =>
    stage.step({ kind: "results-watched", at: stage.now, session: session as never, ids: ids as TaskId[] })
      .flatMap((effect) => effect.kind === "tell-watcher" ? [[effect.to, effect.task, effect.outcome.kind]] : []);
  assert.deepEqual(ask("d", "c-0", "c-1", "c-9", "nonsense"), [["d", "c-0", "done"]]);
  assert.deepEqual(ask("e", "c-1"), []);
  stage.end("c-1", THREW);
  const told = stage.effects.flatMap((effect) => effect.kind === "tell-watcher" ? [[effect.to, effect.task]] : []);
  assert.deepEqual(told, [["d", "c-1"], ["e", "c-1"]]);
  assert.deepEqual(ask("d", "c-1"), [["d", "c-1", "threw"]]);
});

Deno.test("a client that left is told no more of what it asked for", () => {
  const stage = new Stage();
  stage.join([engine(0)]);
  stage.submit(spec("c-0"));
  stage.attach("d", 0);
  stage.step({ kind: "results-watched", at: stage.now, session: "d" as never, ids: [id("c-0")] });
  stage.leave("d");
  stage.end("c-0", DONE);
  assert.ok(!stage.effects.some(({ kind }) => kind === "tell-watcher"));
});
