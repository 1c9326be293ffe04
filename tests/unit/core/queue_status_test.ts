import assert from "node:assert/strict";
import type { EngineId } from "../../../protocol/ids.ts";
import { LISTED_CAUSES } from "../../../protocol/queue_status.ts";
import { DECLINED, engine, spec, Stage, THREW } from "./given.ts";

const id = (engine: number) => engine as EngineId;

function waiting(stage: Stage): [string, number, string][] {
  return stage.core.queueStatus(null, false).waiting.map(({ cause, count, text }) => [cause, count, text]);
}

Deno.test("queue status: what runs and what is queued on each engine, with ids where they are wanted", () => {
  const stage = new Stage({ hwm: 2 });
  stage.joinEngines(2);
  stage.submit(spec("s-0"), spec("s-1"), spec("s-2"));
  const counted = stage.core.queueStatus(null, false).engines;
  assert.deepEqual(counted.map(({ engine, queued, running }) => [engine, queued, running]), [[0, 1, 1], [1, 0, 1]]);
  assert.deepEqual(counted.map(({ queuedIds, runningIds }) => [queuedIds, runningIds]), [[null, null], [null, null]]);
  const [only, ...more] = stage.core.queueStatus([id(0)], true).engines;
  assert.deepEqual([only?.runningIds, only?.queuedIds, more], [["s-0"], ["s-2"], []]);
});

Deno.test("queue status: an aborted task keeps its place on the engine, and is no task there any more", () => {
  const stage = new Stage({ hwm: 2 });
  stage.joinEngines(1);
  stage.submit(spec("s-0"), spec("s-1"));
  stage.abort("s-0");
  const [engine] = stage.core.queueStatus(null, true).engines;
  assert.deepEqual([engine?.running, engine?.queued], [1, 1]);
  assert.deepEqual([engine?.runningIds, engine?.queuedIds], [[], ["s-1"]]);
});

Deno.test("queue status: what waits is counted by its cause, in the words of explain", () => {
  const stage = new Stage();
  stage.joinEngines(3);
  stage.engineEnded(engine(2));
  const backoff = { initialMs: 100, factor: 1, maxMs: 100, jitter: 0 };
  stage.submit(spec("s-0", { retries: 1, backoff }), spec("s-1"));
  stage.end("s-0", THREW);
  stage.submit(spec("s-2"), spec("s-3"), spec("s-4"), spec("s-5", { targets: [id(2)] }));
  assert.deepEqual(waiting(stage), [
    ["free-engine", 2, "waits for one of 2 engines to be free"],
    ["targets", 1, "waits for its targets [2]: none of them is up"],
    ["pause", 1, "pauses before its next attempt"],
  ]);
  const status = stage.core.queueStatus(null, true);
  assert.deepEqual([status.unassigned, status.others], [4, 0]);
  assert.deepEqual(status.waiting.map(({ ids }) => ids), [["s-3", "s-4"], ["s-5"], ["s-0"]]);
  assert.deepEqual(status.waiting[0]?.engines, [0, 1]);
});

Deno.test("queue status: tasks that all engines declined, and tasks without any engine", () => {
  const stage = new Stage();
  stage.submit(spec("s-0"));
  assert.deepEqual(waiting(stage), [["no-engines", 1, "waits for an engine: there is none"]]);
  stage.joinEngines(1);
  stage.end("s-0", DECLINED);
  assert.deepEqual(waiting(stage), [["declined", 1, "waits for a new engine: declined by the only one"]]);
});

Deno.test("queue status: more reasons than are listed are counted all the same", () => {
  const stage = new Stage();
  const specs = Array.from({ length: 150 }, (_, index) => spec(`s-${index}`, { targets: [id(500 + index)] }));
  stage.submit(...specs, spec("s-150", { targets: [id(500)] }));
  const status = stage.core.queueStatus(null, false);
  assert.equal(status.waiting.length, LISTED_CAUSES);
  assert.equal(status.waiting[0]?.count, 2, "the most come first");
  assert.equal(status.unassigned, 151);
  assert.equal(status.others, 151 - LISTED_CAUSES - 1);
});

Deno.test("a status word says what explain says", () => {
  const stage = new Stage({ hwm: 2 });
  stage.joinEngines(1);
  const pausing = { retries: 1, backoff: { initialMs: 100, factor: 1, maxMs: 100, jitter: 0 } };
  stage.submit(spec("s-0", pausing), spec("s-1"), spec("s-2"), spec("s-3"), spec("s-4"));
  stage.end("s-0", THREW);
  stage.end("s-1");
  stage.end("s-2", THREW);
  stage.abort("s-4");
  stage.submit(spec("s-5"), spec("s-6"));
  stage.step({ kind: "purge-requested", at: stage.now, ids: ["s-2" as never] });
  const words = ["s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6", "s-9", "nonsense"].map((task) => {
    const word = stage.core.statusOf(task as never);
    const { status, cause } = stage.core.explain(task as never);
    assert.equal(word, status ?? cause, task);
    return word;
  });
  assert.deepEqual(words, [
    "waiting",
    "done",
    "forgotten",
    "running",
    "aborted",
    "ready",
    "ready",
    "unknown",
    "unknown",
  ]);
});

Deno.test("facts tell of every detour: declined, returned, failed and paused, ready again", () => {
  const stage = new Stage();
  stage.joinEngines(2);
  stage.submit(spec("s-0", { retries: 1, backoff: { initialMs: 100, factor: 1, maxMs: 100, jitter: 0 } }));
  stage.end("s-0", DECLINED);
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["task-declined", "task-assigned"]);
  stage.end("s-0", THREW);
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["attempt-failed", "task-held"]);
  stage.after(100).wake();
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["task-unblocked", "task-assigned"]);
});
