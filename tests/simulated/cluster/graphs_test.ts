/** What users see of the simulation: their graph under faults. @module */
import assert from "node:assert/strict";
import { simulate, simulateSeeds, SimulationFailure, type SimulationReport } from "../../../testing/mod.ts";

Deno.test("without faults everything is done, on as many engines as there are", () => {
  const tasks = Array.from({ length: 8 }, (_, i) => ({ name: `t${i}`, runMs: 100 }));
  const run = simulate({ tasks, engines: 4 });
  assert.deepEqual(run.tasks.map(({ outcome, attempts }) => [outcome, attempts]), tasks.map(() => ["done", 1]));
  assert.deepEqual(new Set(run.tasks.map(({ engine }) => engine)), new Set([0, 1, 2, 3]));
  assert.ok(run.endedMs > 200 && run.endedMs < 300, `two rounds of 100 ms took ${run.endedMs} ms`);
  const [first, last] = [run.task("t0"), run.task("t7")];
  assert.ok((last.startedMs ?? 0) >= (first.startedMs ?? 0) + 100);
});

Deno.test("the same seed gives the same story", () => {
  const options = { tasks: [{ name: "a", retries: 3, fails: 0.5 }, { name: "b" }], faults: { engineDeaths: 0.5 } };
  const [one, two, other] = [simulate(options), simulate(options), simulate({ ...options, seed: 2 })];
  assert.equal(one.story(), two.story());
  assert.notEqual(one.story(), other.story());
  assert.ok(!one.story("a").includes(" b: "), "a story of one task leaves the others out");
});

Deno.test("an engine that dies costs an attempt, and the task its outcome where it has no retry", () => {
  const run = simulate({
    tasks: [{ name: "once", runMs: 50 }, { name: "again", runMs: 50, retries: 20 }],
    faults: { engineDeaths: 1 },
    seed: 3,
  });
  assert.deepEqual([run.task("once").error, run.task("once").attempts], ["EngineError", 1]);
  assert.match(run.task("once").message ?? "", /died while it ran/);
  assert.match(run.story("once"), /once: settled: EngineError: Cannot finish task "once"/);
  assert.ok(run.task("again").attempts > 1);
});

Deno.test("a task that never returns is ended by its maxRuntime, or when the faults are over", () => {
  const tasks = [{ name: "bounded", runMs: 10, maxRuntime: 200 }, { name: "open", runMs: 10 }];
  const run = simulate({ tasks, faults: { hangs: 1 } });
  assert.deepEqual(run.tasks.map(({ error }) => error), ["TaskTimeout", "EngineError"]);
  assert.ok(run.task("bounded").endedMs < 300);
});

Deno.test("a controller that dies loses no task", () => {
  const tasks = Array.from({ length: 20 }, (_, i) => ({ name: `t${i}`, runMs: 30, retries: 2 }));
  for (let seed = 1; seed <= 20; seed++) {
    const run = simulate({ tasks, engines: 2, seed, faults: { controllerDeaths: 2 } });
    assert.ok(run.tasks.every(({ outcome }) => outcome === "done"), `seed ${seed}`);
  }
});

Deno.test("a task that declines its engines goes on to others", () => {
  const run = simulate({ tasks: [{ name: "picky", declines: 0.6 }], engines: 8, seed: 5 });
  assert.deepEqual([run.task("picky").outcome, run.task("picky").attempts], ["done", 1]);
  assert.match(run.story("picky"), /declines on engine \d/);
});

Deno.test("with hwm auto an engine has its next short tasks before it asks for them", () => {
  const tasks = Array.from({ length: 60 }, (_, i) => ({ name: `t${i}`, runMs: 1 }));
  const [auto, one] = [simulate({ tasks, engines: 1, hwm: "auto" }), simulate({ tasks, engines: 1 })];
  assert.ok([...auto.tasks, ...one.tasks].every(({ outcome }) => outcome === "done"));
  assert.ok(auto.endedMs < 0.7 * one.endedMs, `${auto.endedMs} ms, with a mark of 1 ${one.endedMs} ms`);
});

Deno.test("many seeds are counted by task and end", () => {
  const { seeds, outcomes } = simulateSeeds(
    { tasks: [{ name: "sure" }, { name: "shaky", fails: 0.5 }] },
    { seeds: 60 },
  );
  assert.equal(seeds, 60);
  assert.deepEqual([...outcomes.get("sure") ?? []], [["done", 60]]);
  const shaky = outcomes.get("shaky");
  assert.equal((shaky?.get("done") ?? 0) + (shaky?.get("RemoteError") ?? 0), 60);
  assert.ok((shaky?.get("done") ?? 0) > 15 && (shaky?.get("RemoteError") ?? 0) > 15);
});

Deno.test("a check that fails is told with the shortest run, in which only the faults are left that matter", () => {
  const options = {
    tasks: [{ name: "work", runMs: 100, retries: 1 }, ...Array.from({ length: 6 }, (_, i) => ({ name: `t${i}` }))],
    hosts: 2,
    faults: { engineDeaths: 0.2, brokenLinks: 2, outages: 1, lostMessages: 0.2 },
  };
  const check = (run: SimulationReport) => {
    if (run.task("work").error !== null) throw new Error("work is to be done");
  };
  try {
    simulateSeeds(options, { seeds: 400, check });
    assert.fail("no seed failed");
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    assert.equal(error.reason, "work is to be done");
    const deaths = error.story.match(/work: dies with its engine/g) ?? [];
    const links = error.story.match(/link between/g) ?? [];
    assert.equal(deaths.length + links.length, 2, "its two attempts are lost, and nothing else happens");
    assert.ok(!/t\d: dies|the network is away/.test(error.story), error.story);
    assert.throws(() => check(simulate({ ...options, seed: error.seed })), "the seed alone shows it again");
  }
});

Deno.test("options that are not right are refused at once", () => {
  const tasks = [{ name: "a" }];
  assert.throws(() => simulate({ tasks: [...tasks, { name: "a" }] }), /two tasks "a": give each a name of its own/);
  assert.throws(() => simulate({ tasks: [{ name: "b", after: "a" }] }), /"a" in its "after" is no task of the graph/);
  assert.throws(() => simulate({ tasks, engines: 0 }), /"engines" 0: give a whole number from 1 on/);
  assert.throws(() => simulate({ tasks, hwm: -1 }), /"hwm" -1: give a whole number from 0 on/);
  assert.throws(() => simulate({ tasks, hosts: 5 }), /4 engines on 5 hosts: each host needs one/);
  assert.throws(() => simulate({ tasks, faults: { hangs: 2 } }), /"faults.hangs" 2: it is a chance/);
  assert.throws(() => simulate({ tasks }).task("b"), /"b": it is no task of the graph; there are "a"/);
});
