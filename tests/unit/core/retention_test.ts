import assert from "node:assert/strict";
import type { TaskId } from "../../../protocol/ids.ts";
import { MAX_RETIRED_SESSIONS } from "../../../scheduler/core/settlement.ts";
import { DONE, spec, Stage } from "./given.ts";

const POLICY = { maxRecords: 1_000, maxAgeMs: 1e9, maxBytes: 1e9 };

function finish(stage: Stage, ...ids: string[]): void {
  for (const id of ids) {
    stage.submit(spec(id));
    stage.end(id);
  }
}

function causes(stage: Stage, ...ids: string[]): string[] {
  return ids.map((id) => stage.core.explain(id as TaskId).cause);
}

Deno.test("finished tasks over maxRecords are forgotten, oldest first, and known to be forgotten", () => {
  const stage = new Stage({ retention: { ...POLICY, maxRecords: 2 } });
  stage.joinEngines(1);
  finish(stage, "s-0", "s-1", "s-2");
  assert.deepEqual(stage.facts.map(({ kind }) => kind), ["task-settled", "task-forgotten"]);
  assert.deepEqual(causes(stage, "s-0", "s-1", "s-2", "s-3"), ["forgotten", "settled", "settled", "unknown"]);
});

Deno.test("a forgotten id submitted again does not run, and its client is told", () => {
  const stage = new Stage({ retention: { ...POLICY, maxRecords: 0 } });
  stage.joinEngines(1);
  finish(stage, "s-0");
  stage.submit(spec("s-0"));
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:InvalidDependency"], []]);
  assert.equal(stage.core.counts().settled, 0);
});

Deno.test("a lower id that comes late is no duplicate, though higher ones are forgotten", () => {
  const stage = new Stage({ retention: { ...POLICY, maxRecords: 0 } });
  stage.joinEngines(1);
  finish(stage, "s-5", "s-7");
  stage.submit(spec("s-6"));
  assert.deepEqual(stage.dispatches, ["s-6>0"]);
});

Deno.test("finished tasks past maxAge are forgotten, and the core asks to be woken for it", () => {
  const stage = new Stage({ retention: { ...POLICY, maxAgeMs: 10_000 } });
  stage.joinEngines(1);
  finish(stage, "s-0");
  const [wake] = stage.of("wake");
  assert.ok(wake !== undefined && wake.at > stage.now + 9_999 && wake.at < stage.now + 11_000);
  stage.after(10_000).wake();
  assert.deepEqual(causes(stage, "s-0"), ["forgotten"]);
  assert.deepEqual(stage.of("wake"), []);
});

Deno.test("results over maxBytes are forgotten", () => {
  const stage = new Stage({ retention: { ...POLICY, maxBytes: 3_000 } });
  stage.joinEngines(1);
  for (const id of ["s-0", "s-1"]) {
    stage.submit(spec(id));
    stage.end(id, { kind: "done", value: new Uint8Array(2_000) });
  }
  assert.deepEqual(causes(stage, "s-0", "s-1"), ["forgotten", "settled"]);
});

Deno.test("arguments count too, as long as they are kept beside the result", () => {
  const stage = new Stage({ retention: { ...POLICY, maxBytes: 3_000 } });
  stage.joinEngines(1);
  for (const id of ["s-0", "s-1"]) {
    stage.submit({ ...spec(id), args: new Uint8Array(2_000) });
    stage.end(id);
  }
  assert.deepEqual(causes(stage, "s-0", "s-1"), ["forgotten", "settled"]);
});

Deno.test("results that their client was not told are forgotten last", () => {
  const stage = new Stage({ retention: { ...POLICY, maxRecords: 2 } });
  stage.joinEngines(1);
  stage.submit(spec("a-0"));
  stage.leave("a");
  stage.end("a-0");
  finish(stage, "s-0", "s-1", "s-2");
  assert.deepEqual(causes(stage, "a-0", "s-0", "s-1", "s-2"), ["settled", "forgotten", "forgotten", "settled"]);
  stage.attach("a");
  assert.deepEqual(stage.outcomes, ["a-0:done"]);
  finish(stage, "s-3", "s-4");
  assert.deepEqual(causes(stage, "a-0"), ["forgotten"]);
});

Deno.test("the age of a result counts from when its client was told", () => {
  const stage = new Stage({ retention: { ...POLICY, maxAgeMs: 1_000 } });
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.leave();
  stage.end("s-0");
  stage.after(900).attach();
  stage.after(900).wake();
  assert.deepEqual(causes(stage, "s-0"), ["settled"]);
  stage.after(100).wake();
  assert.deepEqual(causes(stage, "s-0"), ["forgotten"]);
});

Deno.test("a purge forgets what is finished, by id or all of it, and nothing else", () => {
  const stage = new Stage();
  stage.joinEngines(1);
  finish(stage, "s-0", "s-1", "s-2");
  stage.submit(spec("s-3"));
  stage.step({ kind: "purge-requested", at: stage.now, ids: ["s-1", "s-3", "s-9"] as TaskId[] });
  assert.deepEqual(causes(stage, "s-0", "s-1", "s-2", "s-3"), ["settled", "forgotten", "settled", "assigned"]);
  stage.step({ kind: "purge-requested", at: stage.now, ids: null });
  assert.deepEqual(stage.core.counts(), { waiting: 0, ready: 0, assigned: 1, settled: 0 });
});

Deno.test("of sessions that left and have nothing here, the last are still known, so that nothing runs twice", () => {
  const stage = new Stage({ retention: { ...POLICY, maxRecords: 0 } });
  stage.joinEngines(1);
  stage.submit(spec("s-0"));
  stage.leave();
  stage.endDispatch(stage.lastDispatch("s-0"), DONE);
  stage.submit(spec("s-0"));
  assert.deepEqual([stage.outcomes, stage.dispatches], [["s-0:InvalidDependency"], []]);
  stage.leave();
  for (let i = 0; i < MAX_RETIRED_SESSIONS; i++) {
    stage.core.step({ kind: "client-attached", at: stage.now, session: `t${i}` as never, firstUnsettled: 0 });
    stage.core.step({ kind: "client-left", at: stage.now, session: `t${i}` as never });
  }
  assert.equal(stage.state.sessions.size, MAX_RETIRED_SESSIONS);
  assert.deepEqual(causes(stage, "s-0"), ["unknown"]);
});
