/**
 * Tasks of which a scheduler knows only what their client tells: an earlier life settled them.
 *
 * Part of the ledger's account.
 * @module
 */
import type { ContentHash, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import { DEFAULT_FLAGS, type TaskSpec } from "../../protocol/task_spec.ts";
import { LedgerTask } from "./ledger_records.ts";
import type { EarlierOutcome } from "./simulated_client.ts";

/** Stands for the specs of all of them. */
const SPEC: TaskSpec = {
  id: "" as TaskId,
  template: { code: "" as ContentHash, name: "", flags: DEFAULT_FLAGS, captures: null },
  args: new Uint8Array(0),
};
const ORDER = -1;
const DONE: TaskOutcome = { kind: "done", value: new Uint8Array(0) };
const FAILED: TaskOutcome = { kind: "threw", error: new Uint8Array(0) };

/** Its record in the account. */
export function earlierTask({ ok, engineUuid }: EarlierOutcome, session: Session, now: number): LedgerTask {
  const task = new LedgerTask(SPEC, session, ORDER, now, 0);
  task.status = "settled";
  task.outcome = ok ? DONE : FAILED;
  task.uuid = engineUuid;
  return task;
}

/** Whether it is one of those. */
export function isEarlier(task: LedgerTask | undefined): boolean {
  return task?.order === ORDER;
}
