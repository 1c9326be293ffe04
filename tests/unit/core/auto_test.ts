/** `hwm` `auto`: what is sent ahead of its turn, and what is called back. @module */
import assert from "node:assert/strict";
import type { ContentHash, EngineId } from "../../../protocol/ids.ts";
import type { TaskFlags, TaskSpec } from "../../../protocol/task_spec.ts";
import type { Dispatch } from "../../../scheduler/core/effects.ts";
import type { SchedulerOptions } from "../../../scheduler/core/scheduler_core.ts";
import { DECLINED, DONE, engine, RETURNED, spec, Stage, THREW } from "./given.ts";

const targets = (...ids: number[]) => ({ targets: ids as EngineId[] });

/** A task of the function `code`. */
function of(code: string, id: string, flags: Partial<TaskFlags> = {}): TaskSpec {
  const plain = spec(id, flags);
  return { ...plain, template: { ...plain.template, code: code as ContentHash } };
}

function many(code: string, count: number, prefix: string, flags: Partial<TaskFlags> = {}): TaskSpec[] {
  return Array.from({ length: count }, (_, i) => of(code, `${prefix}-${i}`, flags));
}

/** Engines that are all idle, and functions whose tasks took so long before, ms. */
function stageThatKnows(
  engines: number,
  known: Readonly<Record<string, number>>,
  options: Partial<SchedulerOptions> = {},
  slots = 1,
): Stage {
  const stage = new Stage({ hwm: "auto", ...options });
  stage.joinEngines(engines, slots);
  for (const [code, ms] of Object.entries(known)) {
    stage.submit(of(code, `known${code}-0`));
    stage.end(`known${code}-0`, DONE, ms);
  }
  return stage;
}

function loads(stage: Stage): number[] {
  return stage.core.engines().map(({ load }) => load);
}

/** The dispatches of the session "s" to an engine. */
function sentTo(stage: Stage, id: number): Dispatch[] {
  return [...stage.dispatched.values()].flat().filter(({ spec, engine }) => (
    Number(engine) === id && spec.id.startsWith("s-")
  ));
}

/** All that was sent to an engine ends, each after 1 ms. */
function finish(stage: Stage, id: number): void {
  for (const dispatch of sentTo(stage, id)) stage.endDispatch(dispatch, DONE, 1, 1);
}

/** The tasks that were asked back in the last step. */
function askedBack(stage: Stage): string[] {
  const numbers = stage.of("call-back").flatMap(({ numbers }) => numbers);
  const all = [...stage.dispatched.values()].flat();
  return numbers.map((number) => all.find((dispatch) => dispatch.number === number)?.spec.id ?? "?");
}

Deno.test("a function that never ended is not sent ahead", () => {
  const stage = stageThatKnows(2, {});
  stage.submit(...many("f", 9, "s"));
  assert.deepEqual(loads(stage), [1, 1]);
});

Deno.test("nothing is sent behind a task of which nothing is known", () => {
  const stage = stageThatKnows(1, { f: 1 });
  stage.submit(of("new", "s-0"));
  stage.submit(...many("f", 9, "t"));
  assert.deepEqual(loads(stage), [1]);
});

Deno.test("an engine has what it is expected to finish in 5 ms, for each of its slots", () => {
  for (const [slots, ms, expected] of [[1, 1, 5], [1, 2, 2], [1, 3, 1], [1, 500, 1], [2, 1, 10], [2, 6, 2]] as const) {
    const stage = stageThatKnows(3, { f: ms }, {}, slots);
    stage.submit(...many("f", 100, "s"));
    assert.deepEqual(loads(stage), [expected, expected, expected], `${slots} slots, ${ms} ms`);
  }
});

Deno.test("of tasks that take no time an engine has 1,000 and no more", () => {
  const stage = stageThatKnows(2, { f: 0 }, { facts: false });
  stage.core.step({
    kind: "tasks-submitted",
    at: stage.now,
    session: "s" as never,
    specs: many("f", 5_000, "s"),
    agesMs: null,
    more: false,
    known: [],
  });
  assert.deepEqual(loads(stage), [1_000, 1_000]);
});

Deno.test("a long task counts in full: nothing short is sent behind it, and it is sent behind nothing", () => {
  const stage = stageThatKnows(2, { short: 1, long: 500 });
  stage.submit(of("long", "a-0"));
  stage.submit(...many("short", 20, "b"));
  assert.deepEqual(loads(stage), [1, 5]);
  stage.submit(of("long", "a-1", { priority: 1 }));
  for (let i = 0; i < 4; i++) stage.end(`b-${i}`, DONE, 1);
  assert.deepEqual(loads(stage), [1, 1], "the long one leaves next, and waits for an engine that is idle");
  stage.end("b-4", DONE, 1);
  assert.deepEqual(stage.dispatches, ["a-1>1"]);
});

Deno.test("what an attempt was expected to take is taken off as it was put on, whatever is known by then", () => {
  const stage = stageThatKnows(1, { f: 1 });
  stage.submit(...many("f", 5, "s"));
  for (let i = 0; i < 5; i++) stage.end(`s-${i}`, DONE, 0.7 + i);
  assert.equal(stage.state.registry.current(0 as EngineId)?.expectedUs, 0);
});

Deno.test("what threw counts for what it took, what declined the engine does not", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(of("f", "s-0"), of("f", "s-1"));
  stage.end("s-0", THREW, 3);
  assert.equal(stage.state.estimates.of("f" as ContentHash), 2_000);
  stage.end("s-1", DECLINED, 900);
  assert.equal(stage.state.estimates.of("f" as ContentHash), 2_000);
});

for (const scheme of ["leastload", "lru", "plainrandom", "twobin", "weighted"] as const) {
  Deno.test(`with ${scheme} an engine that is idle comes before one that has room`, () => {
    const stage = stageThatKnows(4, { f: 1 }, { scheme });
    stage.submit(...many("f", 4, "s"));
    assert.deepEqual(loads(stage), [1, 1, 1, 1]);
    stage.submit(...many("f", 40, "t"));
    assert.deepEqual(loads(stage), [5, 5, 5, 5]);
    for (let i = 0; i < 4; i++) stage.end(`s-${i}`, DONE, 1);
    assert.deepEqual(loads(stage), [5, 5, 5, 5]);
  });
}

Deno.test("what is sent ahead goes where the least is to be done, not where the fewest tasks are", () => {
  const stage = stageThatKnows(2, { tiny: 0.1, small: 3 });
  stage.submit(of("small", "a-0", targets(0)));
  stage.submit(...many("tiny", 9, "b", targets(1)));
  stage.submit(of("tiny", "c-0"));
  assert.deepEqual(stage.dispatches, ["c-0>1"]);
});

Deno.test("nothing is sent behind a task that is known to take longer than expected, until something ends there", () => {
  const stage = stageThatKnows(1, { f: 1 });
  stage.submit(of("f", "a-0"), of("f", "a-1"));
  stage.after(4).submit(of("f", "b-0"));
  assert.deepEqual(loads(stage), [3]);
  stage.after(1).submit(of("f", "c-0"));
  assert.deepEqual(loads(stage), [3], "5 ms, and nothing has ended");
  assert.equal(stage.state.placement.pool.mostRoomUs, 0, "one look is enough");
  stage.end("a-0", DONE, 1);
  assert.deepEqual(stage.dispatches, ["c-0>0"]);
});

Deno.test("nothing is sent behind it either while another engine, which the task may not take, has more room", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 2, "a", targets(0)));
  stage.after(5).submit(...many("f", 1, "b", targets(1)));
  stage.submit(...many("f", 1, "c", targets(0)));
  assert.deepEqual(loads(stage), [2, 1]);
});

Deno.test("an engine that drains, or whose host can't be heard, is sent nothing ahead", () => {
  const stage = new Stage({ hwm: "auto" });
  stage.join([engine(0, "a")]);
  stage.join([engine(1, "b")]);
  stage.submit(of("f", "k-0"));
  stage.end("k-0", DONE, 1);
  stage.drain(0);
  stage.step({ kind: "host-unreachable", at: stage.now, host: "b" as never });
  stage.submit(...many("f", 9, "s"));
  assert.deepEqual(loads(stage), [0, 0]);
  stage.step({ kind: "host-reachable", at: stage.now, host: "b" as never });
  assert.deepEqual(loads(stage), [0, 5]);
});

Deno.test("a long task that waits for its target is not overtaken there by a short one, ahead of its turn", () => {
  const stage = stageThatKnows(2, { short: 1, long: 500 });
  stage.submit(of("short", "a-0", targets(0)), of("short", "a-1", targets(1)));
  stage.submit(of("long", "b-0", targets(0)));
  stage.submit(...many("short", 20, "c"));
  assert.deepEqual(loads(stage), [1, 5], "engine 0 is waited for");
  stage.end("a-0", DONE, 1);
  assert.deepEqual(stage.dispatches, ["b-0>0"]);
});

Deno.test("a short task that leaves before the long one that waits is sent ahead of its turn", () => {
  const stage = stageThatKnows(1, { short: 1, long: 500 });
  stage.submit(of("short", "a-0"));
  stage.submit(of("long", "b-0"));
  stage.submit(of("short", "c-0", targets(0)));
  assert.deepEqual(stage.dispatches, []);
  stage.submit(of("short", "d-0", { priority: 1, ...targets(0) }));
  assert.deepEqual(stage.dispatches, ["d-0>0"]);
});

Deno.test("what is behind a task that does not end is called back when another engine is idle, half of it at a time", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 10, "s"));
  const [first, ...behind] = sentTo(stage, 0).map(({ spec }) => spec.id);
  finish(stage, 1);
  assert.deepEqual(loads(stage), [5, 0]);
  assert.deepEqual(stage.of("wake").map(({ at }) => at), [stage.now + 5]);
  stage.after(4).wake();
  assert.deepEqual(askedBack(stage), []);
  stage.after(1).wake();
  const asked = askedBack(stage);
  assert.deepEqual(asked, [behind[3], behind[2]]);
  for (const id of asked) stage.end(id, RETURNED);
  assert.deepEqual(loads(stage), [3, 2], "what came back went to the idle engine");
  for (const id of asked) stage.end(id, DONE, 1);
  stage.after(5).wake();
  assert.deepEqual(askedBack(stage), [behind[1]]);
  assert.equal(stage.outcomeOf(first ?? ""), null);
});

Deno.test("a task that was called back keeps its attempts, and its deadline does not hit it", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 10, "s", { timeoutMs: 3 }));
  finish(stage, 1);
  stage.after(5).wake();
  const [id = ""] = askedBack(stage);
  stage.end(id, RETURNED);
  const { engine, attempt } = stage.lastDispatch(id);
  assert.deepEqual([Number(engine), attempt], [1, 1]);
});

Deno.test("each is asked back once; what begins instead ends where it is, and nobody wakes up for nothing", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 10, "s"));
  finish(stage, 1);
  const asked: string[] = [];
  for (let i = 0; i < 20; i++) {
    stage.after(5).wake();
    asked.push(...askedBack(stage));
  }
  assert.equal(asked.length, 4);
  assert.equal(new Set(asked).size, 4);
  assert.ok(stage.state.timers.nextAt === Infinity, "a timer runs on");
  finish(stage, 0);
  assert.equal(stage.core.counts().assigned, 0);
});

Deno.test("an engine that goes on ending tasks is left alone", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 10, "s"));
  finish(stage, 1);
  for (const dispatch of sentTo(stage, 0)) {
    stage.after(4);
    stage.endDispatch(dispatch, DONE, 1, 4);
    assert.deepEqual(askedBack(stage), []);
  }
});

Deno.test("only what the idle engine may take is called back, and one look is enough to know that there is nothing", () => {
  const stage = stageThatKnows(2, { f: 1 });
  stage.submit(...many("f", 5, "s", targets(0)));
  assert.deepEqual(loads(stage), [5, 0]);
  stage.after(5).wake();
  assert.deepEqual(askedBack(stage), []);
  assert.equal(stage.state.timers.nextAt, Infinity);
  stage.engineReady(engine(2));
  stage.after(5).wake();
  assert.deepEqual(askedBack(stage), []);
});

Deno.test("nothing is called back while nobody is idle, and nothing with a mark that is a number", () => {
  const busy = stageThatKnows(2, { f: 1 });
  busy.submit(...many("f", 10, "s"));
  busy.after(1_000).wake();
  assert.deepEqual(askedBack(busy), []);
  const marked = new Stage({ hwm: 5 });
  marked.joinEngines(2);
  marked.submit(...many("f", 5, "s", targets(0)));
  assert.deepEqual([marked.of("wake"), marked.state.timers.size], [[], 0]);
});

Deno.test("what an engine does first, as many as it has slots, is not called back", () => {
  const stage = stageThatKnows(2, { f: 1 }, {}, 2);
  stage.submit(...many("f", 20, "s"));
  assert.deepEqual(loads(stage), [10, 10]);
  finish(stage, 1);
  const asked: string[] = [];
  for (let i = 0; i < 10; i++) {
    stage.after(5).wake();
    asked.push(...askedBack(stage));
  }
  assert.deepEqual(asked.sort(), sentTo(stage, 0).slice(2).map(({ spec }) => spec.id).sort());
});
