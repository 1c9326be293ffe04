import assert from "node:assert/strict";
import { TaskRecords } from "../../../hub/task_records.ts";
import type { ContentHash, DispatchNumber, EngineId, EngineUuid, TaskId } from "../../../protocol/ids.ts";
import type { TaskOutcome } from "../../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type TaskSpec } from "../../../protocol/task_spec.ts";

const id = "aaaaaaaaaa-0" as TaskId;
const engine = 1 as EngineId;
const uuid = "u" as EngineUuid;
const spec: TaskSpec = {
  id,
  template: { code: "0".repeat(64) as ContentHash, name: "f", flags: DEFAULT_FLAGS, captures: null },
  args: new Uint8Array(),
};

function running(): TaskRecords {
  const records = new TaskRecords();
  records.accepted({ kind: "task-accepted", at: 11, spec, submittedAt: 10 });
  records.assigned({ kind: "task-assigned", at: 20, task: id, engine, uuid, number: 1 as DispatchNumber, attempt: 1 });
  return records;
}

function settle(records: TaskRecords, outcome: TaskOutcome): void {
  records.settled({ kind: "task-settled", at: 30, task: id, outcome, engine, uuid, attempts: 1, report: null });
}

Deno.test("a record follows its task from submission to the end", () => {
  const records = running();
  assert.equal(records.get(id)?.status, "running");
  settle(records, { kind: "done", value: new Uint8Array([1]) });
  const { spec: _spec, outcome: _outcome, ...rest } = records.get(id) ?? assert.fail("no record");
  assert.deepEqual(rest, {
    status: "done",
    submitted: 10,
    assigned: 20,
    completed: 30,
    engine,
    uuid,
    attempts: 1,
    report: null,
    order: 0,
    detours: null,
  });
});

Deno.test("an abort is told from other failures", () => {
  const aborted = running();
  settle(aborted, { kind: "failed", error: { name: "TaskAborted", message: "" } });
  assert.equal(aborted.get(id)?.status, "aborted");
  const died = running();
  settle(died, { kind: "failed", error: { name: "EngineError", message: "" } });
  assert.equal(died.get(id)?.status, "failed");
});

Deno.test("an attempt that came to nothing puts the task back", () => {
  const records = running();
  records.unassigned({ kind: "task-returned", at: 25, task: id, engine });
  assert.equal(records.get(id)?.status, "ready");
  assert.deepEqual(records.counts(), { waiting: 0, ready: 1, running: 0, done: 0, failed: 0, aborted: 0 });
});

Deno.test("a forgotten task is gone, and still counted as done", () => {
  const records = running();
  settle(records, { kind: "done", value: new Uint8Array() });
  records.forgotten(id);
  assert.equal(records.size, 0);
  assert.equal(records.counts().done, 1);
});
