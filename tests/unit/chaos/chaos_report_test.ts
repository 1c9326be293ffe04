/** What a run came to, as people and programs read it. @module */
import assert from "node:assert/strict";
import { chaosJson, chaosReport } from "../../chaos/chaos_report.ts";
import type { ChaosResult } from "../../chaos/chaos_run.ts";

const fault = { number: 1, kind: "engine killed", thing: "it", host: "host-1", pid: 7, at: 1_000, until: 1_000 };

const CLEAN: ChaosResult = {
  seed: 4,
  jobs: 10,
  faults: [fault],
  recoveries: [{ fault, backMs: 1_200, elsewhereMs: 340 }],
  account: {
    submitted: 30,
    settled: 30,
    done: 28,
    failed: { TaskAborted: 2 },
    attempts: 33,
    madeAgain: 1,
    kinds: { map: 30 },
    findings: [],
  },
  before: { host: { processes: 3, descriptors: 30, memoryMb: 60 } },
  after: { host: { processes: 3, descriptors: 31, memoryMb: 61.5 } },
  findings: [],
  hangs: [],
};

Deno.test("a clean run is told in sums and two tables", () => {
  const text = chaosReport(CLEAN).join("\n");
  assert.match(text, /^Seed 4: 10 jobs, 30 tasks submitted, 30 settled \(28 done, TaskAborted 2\), 33 attempts/);
  assert.match(text, /\nengine killed +1 +1200 +1200 +340 +340\n/);
  assert.match(text, /\nhost +30 +31 +60 +61.5\n/);
  assert.match(text, /\nNothing lost, nothing double, nothing leaked\.$/);
});

Deno.test("findings follow, the first forty of them, and where tasks hang; programs get all", () => {
  const findings = Array.from({ length: 50 }, (_, index) => `finding ${index}`);
  const found = { ...CLEAN, findings, hangs: ["1 tasks are not settled:"] };
  const lines = chaosReport(found);
  assert.ok(lines.includes("50 findings:") && lines.includes("- finding 39") && !lines.includes("- finding 40"));
  assert.deepEqual(lines.slice(-2), ["- and 10 more: --json has them all", "1 tasks are not settled:"]);
  const { findings: all, recovery } = JSON.parse(chaosJson(found));
  assert.equal(all.length, 50);
  assert.deepEqual(recovery, [{
    kind: "engine killed",
    faults: 1,
    back: { count: 1, p50: 1_200, p99: 1_200 },
    elsewhere: { count: 1, p50: 340, p99: 340 },
  }]);
});
