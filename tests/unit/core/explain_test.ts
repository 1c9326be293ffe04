import assert from "node:assert/strict";
import {
  DIRECT_COUNTERS_FROM,
  type EngineId,
  PURE_COUNTERS_FROM,
  REFUSED_COUNTERS_FROM,
  type TaskId,
} from "../../../protocol/ids.ts";
import { engine, spec, Stage, THREW } from "./given.ts";

function explained(stage: Stage, id: string): [string, string | null, string] {
  const { cause, status, text } = stage.core.explain(id as TaskId);
  return [cause, status, text];
}

Deno.test("explain: what runs, what is queued on its engine, what waits for a free one", () => {
  const stage = new Stage({ hwm: 2 });
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  assert.deepEqual(explained(stage, "s-0"), ["assigned", "running", 'Task "s-0" runs on engine 0.']);
  assert.deepEqual(explained(stage, "s-1"), ["assigned", "ready", 'Task "s-1" is queued on engine 0 behind 1 other.']);
  assert.deepEqual(explained(stage, "s-2"), ["free-engine", "ready", 'Task "s-2" waits for engine 0 to be free.']);
  assert.deepEqual(stage.core.explain("s-0" as TaskId).uuid, "e0.1");
});

Deno.test("explain: targets that are busy, and targets that are not up", () => {
  const stage = new Stage();
  stage.joinEngines(4);
  stage.engineEnded(engine(3));
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.submit(spec("s-3", { targets: [1, 2] as unknown as EngineId[] }), spec("s-4", { targets: [3 as EngineId] }));
  assert.deepEqual(explained(stage, "s-3")[2], 'Task "s-3" waits for one of 2 engines to be free.');
  assert.deepEqual(explained(stage, "s-4")[2], 'Task "s-4" waits for its targets [3]: none of them is up.');
});

Deno.test("explain: a pause, and engines that all drain", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0", { retries: 1, backoff: { initialMs: 100, factor: 1, maxMs: 100, jitter: 0 } }), spec("s-1"));
  stage.end("s-0", THREW);
  assert.deepEqual(explained(stage, "s-0").slice(0, 2), ["pause", "waiting"]);
  stage.drain(0);
  stage.submit(spec("s-2"));
  assert.deepEqual(explained(stage, "s-2"), [
    "no-engines",
    "ready",
    'Task "s-2" waits for an engine: all are draining.',
  ]);
  stage.engineEnded(engine(0), false);
  assert.equal(explained(stage, "s-2")[2], 'Task "s-2" waits for an engine: there is none.');
});

Deno.test("explain: what became of a finished task, and ids that are nobody's", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  stage.end("s-0");
  stage.end("s-1", THREW);
  stage.abort("s-2");
  assert.deepEqual(["s-0", "s-1", "s-2"].map((id) => explained(stage, id)[1]), ["done", "failed", "aborted"]);
  for (const id of ["s-9", "t-0", "nonsense"]) assert.equal(explained(stage, id)[0], "unknown");
  const past = [DIRECT_COUNTERS_FROM, REFUSED_COUNTERS_FROM, PURE_COUNTERS_FROM].map((n) => explained(stage, `s-${n}`));
  assert.deepEqual(past.map(([cause]) => cause), ["direct", "refused", "pure"]);
  assert.match(past[1]?.[2] ?? "", /failed at its client before it was submitted/);
  assert.match(past[2]?.[2] ?? "", /of the scheme "pure": the scheduler never sees these/);
});
