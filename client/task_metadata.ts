/**
 * What `AsyncResult.metadata` shows of a task: its record as the client knows it.
 *
 * Called by `async_result.ts`; reads a `Job`, keeps nothing.
 * @module
 */
import type { TaskStatus } from "../protocol/outcome.ts";
import type { Job } from "./job.ts";

/** Times in epoch ms of this machine's clock; `null`: not yet, or never. */
export interface TaskMetadata {
  readonly msgId: string;
  readonly submitted: number;
  readonly started: number | null;
  readonly completed: number | null;
  readonly received: number | null;
  readonly engineId: number | null;
  readonly engineUuid: string | null;
  readonly status: TaskStatus;
  /** How often it was tried. */
  readonly attempts: number;
  readonly label: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it failed with; for a chunk, with what its first failed item did. */
  readonly error: unknown;
}

/** The record of one task of a job. */
export function taskMetadata(job: Job, task: number): TaskMetadata {
  const report = job.report(task);
  return {
    msgId: job.taskId(task),
    submitted: job.plan.submitted,
    started: report?.started ?? null,
    completed: report?.completed ?? null,
    received: report?.received ?? null,
    engineId: report?.engineId ?? null,
    engineUuid: report?.engineUuid ?? null,
    status: report?.status ?? "ready",
    attempts: report?.attempts ?? 0,
    label: job.plan.label,
    stdout: report?.stdout ?? "",
    stderr: report?.stderr ?? "",
    error: firstError(job, task),
  };
}

function firstError(job: Job, task: number): unknown {
  for (let item = job.firstItem(task); item < job.endItem(task); item++) {
    const outcome = job.outcome(item);
    if (outcome !== undefined && !outcome[0]) return outcome[1];
  }
  return null;
}
