/** Tries a graph of tasks against dying engines, lost messages and a dying controller: 200 times, without a cluster. @module */
import assert from "node:assert/strict";
import { simulate, simulateSeeds, type SimulationOptions } from "../testing/mod.ts";

// A night's work: what it takes, what it waits for, how often it is tried.
const night: SimulationOptions = {
  tasks: [
    { name: "fetch", runMs: [50, 400], retries: 5, fails: 0.2 },
    { name: "parse", runMs: 30, follow: "fetch" },
    { name: "train", runMs: [200, 2_000], after: "fetch", retries: 3, maxRuntime: 5_000 },
    { name: "report", runMs: 20, after: ["parse", "train"] },
    { name: "alarm", runMs: 5, after: { tasks: ["report"], success: false, failure: true }, retries: 9 },
  ],
  hosts: 2,
  engines: 4,
  faults: { engineDeaths: 0.1, hangs: 0.02, lostMessages: 0.05, controllerDeaths: 1 },
};

// The same seed gives the same night; the simulated clock makes it milliseconds.
const one = simulate({ ...night, seed: 7 });
console.log(`It took ${(one.endedMs / 1_000).toFixed(1)} s:`);
console.log(one.story("train"));

// Many nights. What must hold in each of them is checked; the first that fails is told in short.
const { seeds, outcomes } = simulateSeeds(night, {
  seeds: 200,
  check: (run) => {
    const [report, alarm] = [run.task("report"), run.task("alarm")];
    assert.notEqual(report.outcome, alarm.outcome, "either there is a report, or the alarm goes off");
  },
});
for (const [task, ends] of outcomes) {
  console.log(`${task.padStart(8)}: ${[...ends].map(([end, times]) => `${end} ${times}`).join(", ")}`);
}
console.log(`${seeds} nights, and never neither report nor alarm`);
