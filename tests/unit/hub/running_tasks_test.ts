import assert from "node:assert/strict";
import { RunningTasks } from "../../../hub/running_tasks.ts";
import type { TaskRecord } from "../../../hub/task_record.ts";
import type { EngineId, EngineUuid } from "../../../protocol/ids.ts";

const engine = 2 as EngineId;

function running(): TaskRecord {
  return { status: "running", engine, uuid: "u" as EngineUuid, attempts: 1 } as TaskRecord;
}

Deno.test("of all that is assigned to an engine, the oldest that is not finished is running", () => {
  const tasks = new RunningTasks();
  const [first, second] = [running(), running()];
  tasks.assigned(engine, first);
  tasks.assigned(engine, second);
  assert.deepEqual(tasks.news().map(({ record }) => record === first), [true]);
  first.status = "done";
  assert.deepEqual(tasks.news().map(({ record }) => record === second), [true]);
});

Deno.test("what was told is not told again, but a further attempt is", () => {
  const tasks = new RunningTasks();
  const record = running();
  tasks.assigned(engine, record);
  assert.equal(tasks.news().length, 1);
  assert.equal(tasks.news().length, 0);
  record.attempts = 2;
  assert.equal(tasks.news().length, 1);
});

Deno.test("a task that moved to another engine is not running on the old one, and nothing is kept of what is over", () => {
  const tasks = new RunningTasks();
  const record = running();
  tasks.assigned(engine, record);
  record.engine = 3 as EngineId;
  assert.deepEqual(tasks.news(), []);
  assert.equal(tasks.any, false);
});
