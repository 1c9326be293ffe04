import assert from "node:assert/strict";
import type { EngineId, TaskId } from "../../../protocol/ids.ts";
import { DECLINED, engine, RETURNED, spec, Stage, THREW } from "./given.ts";

const targets = (...ids: number[]) => ({ targets: ids as EngineId[] });

Deno.test("hwm 1 gives an engine one task, hwm 2 two, times its slots", () => {
  const one = new Stage({ hwm: 1 });
  one.join([engine(0, "h", 1, 1), engine(1, "h", 1, 3)]);
  one.submit(...Array.from({ length: 9 }, (_, i) => spec(`s-${i}`)));
  assert.deepEqual(one.core.engines().map(({ load }) => load), [1, 3]);
  const two = new Stage({ hwm: 2 });
  two.join([engine(0, "h", 1, 1), engine(1, "h", 1, 3)]);
  two.submit(...Array.from({ length: 9 }, (_, i) => spec(`s-${i}`)));
  assert.deepEqual(two.core.engines().map(({ load }) => load), [2, 6]);
});

Deno.test("an engine that claims to have no slots has one", () => {
  const stage = new Stage();
  stage.join([engine(0, "h", 1, 0)]);
  stage.submit(spec("s-0"), spec("s-1"));
  assert.deepEqual(stage.dispatches, ["s-0>0"]);
});

Deno.test("of two engines twobin takes the less recently used three times in four, plainrandom every other time", () => {
  for (const [scheme, share] of [["twobin", 0.75], ["plainrandom", 0.5]] as const) {
    const { core } = new Stage({ scheme, seed: 5 });
    const flags = { host: "h" as never, incarnation: "i" as never, hostname: "", pid: 1, packageVersion: "0" };
    core.step({
      kind: "host-joined",
      at: 0,
      ...flags,
      newEngines: 0,
      engines: [engine(0), engine(1)],
      returning: [],
      held: [],
    });
    let [last, changes] = [-1, 0];
    for (let i = 0; i < 2_000; i++) {
      const specs = [spec(`s-${i}`)];
      const effects = core.step({
        kind: "tasks-submitted",
        at: 0,
        session: "s" as never,
        specs,
        agesMs: null,
        more: false,
        known: [],
      });
      const dispatch = effects.find((effect) => effect.kind === "dispatch");
      assert.ok(dispatch?.kind === "dispatch");
      if (dispatch.engine !== last) changes++;
      last = dispatch.engine;
      const results = [{ number: dispatch.number, outcome: { kind: "returned" } as const, report: null }];
      core.step({ kind: "abort-requested", at: 0, ids: [dispatch.spec.id] });
      core.step({ kind: "attempts-ended", at: 0, host: "h" as never, epoch: 1 as never, results });
    }
    assert.ok(Math.abs(changes / 2_000 - share) < 0.05, `${scheme}: ${changes}`);
  }
});

Deno.test("hwm 0 gives out everything, evenly", () => {
  const stage = new Stage({ hwm: 0 });
  stage.joinEngines(4);
  stage.submit(...Array.from({ length: 40 }, (_, i) => spec(`s-${i}`)));
  assert.deepEqual(stage.core.engines().map(({ load }) => load), [10, 10, 10, 10]);
});

Deno.test("leastload takes the smallest load, and of equals the one that was used longest ago", () => {
  const stage = new Stage({ hwm: 0 });
  stage.joinEngines(3);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"), spec("s-3"));
  assert.deepEqual(stage.dispatches, ["s-0>0", "s-1>1", "s-2>2", "s-3>0"]);
  stage.end("s-2");
  stage.end("s-1");
  stage.submit(spec("s-4"), spec("s-5"), spec("s-6"));
  assert.deepEqual(stage.dispatches, ["s-4>1", "s-5>2", "s-6>1"]);
});

Deno.test("lru takes the one used longest ago, whatever its load", () => {
  const stage = new Stage({ hwm: 0, scheme: "lru" });
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.end("s-1");
  stage.submit(spec("s-2"));
  assert.deepEqual(stage.dispatches, ["s-2>0"]);
});

for (const scheme of ["plainrandom", "twobin"] as const) {
  Deno.test(`${scheme} draws by the seed, uses every engine, and never goes past the mark`, () => {
    const runs = [1, 1, 2].map((seed) => {
      const stage = new Stage({ hwm: 0, scheme, seed });
      stage.joinEngines(4);
      stage.submit(...Array.from({ length: 60 }, (_, i) => spec(`s-${i}`)));
      return stage;
    });
    assert.deepEqual(runs[0]?.dispatches, runs[1]?.dispatches);
    assert.notDeepEqual(runs[0]?.dispatches, runs[2]?.dispatches);
    for (const run of runs) assert.ok(run.core.engines().every(({ load }) => load > 0));
    const marked = new Stage({ hwm: 2, scheme });
    marked.joinEngines(3);
    marked.submit(...Array.from({ length: 60 }, (_, i) => spec(`s-${i}`)));
    assert.deepEqual(marked.core.engines().map(({ load }) => load), [2, 2, 2]);
  });
}

Deno.test("ready tasks leave by priority, then in order of submission", () => {
  const stage = new Stage();
  stage.submit(spec("s-0"), spec("s-1", { priority: 5 }), spec("s-2", { priority: -1 }), spec("s-3", { priority: 5 }));
  stage.joinEngines(4);
  assert.deepEqual(stage.dispatches, ["s-1>0", "s-3>1", "s-0>2", "s-2>3"]);
});

Deno.test("clients take turns, however much one of them has queued before", () => {
  const stage = new Stage();
  stage.submit(spec("a-0"), spec("a-1"), spec("a-2"), spec("a-3"));
  stage.submit(spec("b-0"), spec("b-1"));
  stage.submit(spec("c-0"));
  stage.joinEngines(7);
  assert.deepEqual(stage.dispatches.map((text) => text.slice(0, 3)), ["a-0", "b-0", "c-0", "a-1", "b-1", "a-2", "a-3"]);
});

Deno.test("a client's turn counts over restricted and unrestricted tasks alike", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("x-0"));
  stage.submit(spec("a-0", targets(0)), spec("a-1"));
  stage.submit(spec("b-0"), spec("b-1"));
  const order: string[] = [];
  for (let last = "x-0"; order.length < 4; order.push(last)) {
    stage.end(last);
    last = stage.dispatches[0]?.slice(0, 3) ?? "";
  }
  assert.deepEqual(order, ["a-0", "b-0", "a-1", "b-1"]);
});

Deno.test("a task that comes back keeps its place before younger ones of its client", () => {
  const stage = new Stage({ hwm: 3 });
  stage.joinEngines(1);
  stage.submit(...Array.from({ length: 6 }, (_, i) => spec(`s-${i}`)));
  stage.drain(0);
  stage.end("s-2", RETURNED);
  stage.end("s-1", RETURNED);
  stage.join([engine(1, "other")]);
  assert.deepEqual(stage.dispatches, ["s-1>1", "s-2>1", "s-3>1"]);
});

Deno.test("a task with targets waits for them and blocks nobody", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.submit(spec("s-0", targets(1)), spec("s-1", targets(1)), spec("s-2"), spec("s-3"), spec("s-4"));
  assert.deepEqual(stage.dispatches, ["s-0>1", "s-2>0", "s-3>2"]);
  stage.end("s-3");
  assert.deepEqual(stage.dispatches, ["s-4>2"]);
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>1"]);
});

Deno.test("of several targets the scheme picks, and the one that is free first serves", () => {
  const stage = new Stage();
  stage.joinEngines(4);
  stage.submit(spec("s-0", targets(3, 1)), spec("s-1", targets(1, 3)), spec("s-2", targets(3, 1)));
  assert.deepEqual(stage.dispatches, ["s-0>1", "s-1>3"]);
  stage.end("s-1");
  assert.deepEqual(stage.dispatches, ["s-2>3"]);
});

Deno.test("an older task with targets goes before a younger one without, on their engine", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1", targets(0)), spec("s-2"));
  stage.end("s-0");
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("a target that is to come is waited for, one that does not exist is an error at once", () => {
  const stage = new Stage();
  stage.attach();
  stage.submit(spec("s-0", targets(7)));
  stage.join([engine(0)], { newEngines: 1 });
  stage.submit(spec("s-1", targets(1)), spec("s-2", targets(2, 3)), spec("s-3", targets(0, 3)));
  assert.deepEqual([stage.dispatches, stage.outcomes], [["s-3>0"], ["s-2:ImpossibleDependency"]]);
  const [told] = stage.of("settle");
  assert.match(
    told?.outcome.kind === "failed" ? told.outcome.error.message : "",
    /its targets \[2, 3\] do not exist: there were engines 0 to 1;/,
  );
  assert.deepEqual(["s-0", "s-1"].map((id) => stage.core.explain(id as TaskId).cause), ["targets", "targets"]);
  stage.engineReady(engine(1));
  assert.deepEqual(stage.dispatches, ["s-1>1"]);
});

Deno.test("a task submitted after all its targets are gone for good is impossible at once", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.engineEnded(engine(1), false, true);
  stage.submit(spec("s-0", targets(1)), spec("s-1", targets(1, 0)));
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:ImpossibleDependency"], ["s-1>0"]]);
});

Deno.test("queued tasks whose last target goes are failed in order of submission", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.submit(spec("s-2", targets(1)), spec("s-3", { priority: 1, ...targets(1) }));
  stage.submit(spec("s-4", targets(0, 1)));
  stage.engineEnded(engine(1), false);
  assert.deepEqual(stage.outcomes, ["s-2:ImpossibleDependency", "s-3:ImpossibleDependency"]);
});

Deno.test("a task that failed on its only target, which then goes, ends with its real error", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 3, ...targets(0) }));
  stage.submit(spec("s-1", { priority: 1 }));
  stage.end("s-0", THREW);
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
  stage.engineEnded(engine(0), false);
  assert.deepEqual(stage.outcomes, ["s-0:threw"]);
});

Deno.test("a declined target is not tried again, the others are", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.submit(spec("s-0", targets(0, 2)));
  stage.end("s-0", DECLINED);
  assert.deepEqual(stage.dispatches, ["s-0>2"]);
  stage.end("s-0", DECLINED);
  assert.deepEqual([stage.dispatches, stage.outcomes], [[], []]);
  assert.equal(stage.core.explain("s-0" as TaskId).cause, "targets");
});

Deno.test("nothing new goes to a host that is out of reach, until it is back", () => {
  const stage = new Stage();
  stage.join([engine(0, "a")]);
  stage.join([engine(1, "b")]);
  stage.step({ kind: "host-unreachable", at: stage.now, host: "a" as never });
  stage.submit(spec("s-0"), spec("s-1"));
  assert.deepEqual(stage.dispatches, ["s-0>1"]);
  stage.step({ kind: "host-reachable", at: stage.now, host: "a" as never });
  assert.deepEqual(stage.dispatches, ["s-1>0"]);
});

Deno.test("100,000 tasks that can't run are never looked at while others run", () => {
  const stage = new Stage({ facts: false });
  const { core } = stage;
  core.step({
    kind: "host-joined",
    at: 0,
    host: "h" as never,
    incarnation: "i" as never,
    hostname: "",
    pid: 1,
    packageVersion: "0",
    newEngines: 2,
    engines: [engine(0)],
    returning: [],
    held: [],
  });
  const flags = targets(1);
  const blocked = spec("s-0", flags).template;
  const specs = Array.from({ length: 100_000 }, (_, i) => ({ ...spec(`s-${i}`), template: blocked }));
  core.step({ kind: "tasks-submitted", at: 0, session: "s" as never, specs, agesMs: null, more: false, known: [] });
  let looks = 0;
  const pool = stage.state.placement.pool;
  const firstWhere = pool.firstWhere.bind(pool);
  pool.firstWhere = (accepts) => firstWhere((candidate) => (looks++, accepts(candidate)));
  for (let i = 0; i < 1_000; i++) {
    const one = [spec(`t-${i}`)];
    const effects = core.step({
      kind: "tasks-submitted",
      at: 0,
      session: "t" as never,
      specs: one,
      agesMs: null,
      more: false,
      known: [],
    });
    const number = effects.flatMap((effect) => effect.kind === "dispatch" ? [effect.number] : [])[0] as never;
    const results = [{ number, outcome: { kind: "done", value: new Uint8Array() } as const, report: null }];
    core.step({ kind: "attempts-ended", at: 0, host: "h" as never, epoch: 1 as never, results });
  }
  assert.equal(looks, 0);
  assert.equal(core.counts().ready, 100_000);
});
