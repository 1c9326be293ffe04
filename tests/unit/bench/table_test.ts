/** Tests of the tables on the page with the figures. @module */
import assert from "node:assert/strict";
import type { BenchReport } from "../../../bench/report.ts";
import { insertFigures, renderFigures } from "../../../bench/table.ts";
import { ratiosOf } from "../../../bench/targets.ts";

const MARKED = "before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n";

function report(parts: Partial<BenchReport>): BenchReport {
  return {
    date: "2026-01-02T03:04:05.000Z",
    machine: {
      cores: 2,
      processor: "some",
      os: "linux",
      deno: "2",
      v8: "1",
      troupe: "0",
      natsServer: null,
      natsServerMissing: "none here",
      loadBefore: 0,
    },
    seconds: 1,
    failures: [],
    ...parts,
    ratios: ratiosOf(parts),
  };
}

const LATENCY = { apply: { p50: 0.5, p95: 0.75 }, rawRequest: { p50: 0.25, p95: 0.3 } };
const OURS = { version: "1", engines: 4, start_s: 1, latency_ms_p50: 1, latency_ms_p95: 2, tasks_per_s: 90 };
const PEERS = {
  rounds: 1,
  measured: [{ peer: "troupe (hwm 1)", ...OURS }, { peer: "troupe (hwm 0)", ...OURS }],
  missing: [],
};

Deno.test("new figures take the place of the old ones and of nothing else", () => {
  const page = insertFigures(MARKED, "new");
  assert.equal(page, "before\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nafter\n");
  assert.equal(insertFigures(page, "new"), page);
});

Deno.test("a page without the marks is refused", () => {
  assert.throws(() => insertFigures("nothing", "new"), /figures: begin/);
});

Deno.test("what was not measured is a dash or left out", () => {
  const text = renderFigures(report({ peers: PEERS, latency: { embedded: LATENCY } }));
  assert.match(text, /\| lone `apply` p50, ms \| 0\.5 \| – \|/);
  assert.match(text, /\| latency p50, ms \(embedded\) \| 0\.5 \| .*: 0\.25 \| 2 × \| ≤ 2 × \| yes \|/);
  assert.match(text, /\| tasks\/s, hwm 0 \| 90 \| not measured \| – \| ≥ 3 × \| unknown \|/);
  assert.doesNotMatch(text, /## Memory|undefined|null/);
});

Deno.test("a part that failed is named on the page", () => {
  const failures = [{ part: "throughput", reason: "lost a host\nwith details" }] as const;
  assert.match(renderFigures(report({ failures })), /- throughput: lost a host$/);
});
