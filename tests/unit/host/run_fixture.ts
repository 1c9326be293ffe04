/** Runs for tests that need no engine. @module */
import { EngineRun } from "../../../host/engine_run.ts";
import type { ContentHash, DispatchNumber, EngineId, Epoch, TaskId } from "../../../protocol/ids.ts";
import { DEFAULT_FLAGS, type TaskTemplate } from "../../../protocol/task_spec.ts";

export const TEMPLATE: TaskTemplate = {
  code: "ab".repeat(32) as ContentHash,
  name: "f",
  flags: DEFAULT_FLAGS,
  captures: null,
};

/** Attempt `number` of epoch 1 on engine 0. */
export function scheduledRun(number: number): EngineRun {
  const origin = { kind: "scheduled", epoch: 1 as Epoch, number: number as DispatchNumber } as const;
  return new EngineRun(origin, 0 as EngineId, `abc-${number}` as TaskId, 1, TEMPLATE, new Uint8Array(0));
}
