/**
 * What `AsyncResult.metadata` shows of a task: its record as the client knows it.
 *
 * Called by `async_result.ts`; reads a `Job`, keeps nothing.
 * @module
 */
import type { TaskStatus } from "../protocol/outcome.ts";
import type { Job } from "./job.ts";
import type { TaskProgress } from "./live_task.ts";

/**
 * Times in epoch ms of this machine's clock; `null`: not yet, or never. `started` and `completed` are counted back from
 * when the news of the end came here, so those of different tasks compare only as far as their news were equally long on
 * the way: which of two ran first, the records of `client.dbQuery` tell, whose times are all of the controller's clock.
 */
export interface TaskMetadata {
  /** The task's id. */
  readonly msgId: string;
  /** When `apply` or `map` was called. */
  readonly submitted: number;
  /** When its last attempt started on the engine. */
  readonly started: number | null;
  /** When that attempt ended. */
  readonly completed: number | null;
  /** When the result arrived here. */
  readonly received: number | null;
  /** Where it runs, or ran last. */
  readonly engineId: number | null;
  /** Which process of that engine. */
  readonly engineUuid: string | null;
  /** What it is doing, or how it ended. */
  readonly status: TaskStatus;
  /** How often it was tried. */
  readonly attempts: number;
  /** The ids that the flag `after` names. */
  readonly after: readonly string[];
  /** The ids that the flag `follow` names. */
  readonly follow: readonly string[];
  /** The flag `label`. */
  readonly label: string | null;
  /** What it has printed until now; complete when the result is. */
  readonly stdout: string;
  /** What it has printed as errors and warnings. */
  readonly stderr: string;
  /** What it published last with `currentTask().publish(data)`; `null`: nothing. */
  readonly data: unknown;
  /** How far it said it is with `currentTask().progress(fraction, text)`; `null`: it did not say. */
  readonly progress: TaskProgress | null;
  /** What it failed with; for a chunk, with what its first failed item did. */
  readonly error: unknown;
}

/** The record of one task of a job. */
export function taskMetadata(job: Job, task: number): TaskMetadata {
  const report = job.report(task);
  const flags = job.flags(task);
  return {
    msgId: job.taskId(task),
    submitted: flags.submitted ?? job.plan.submitted,
    started: report?.started ?? null,
    completed: report?.completed ?? null,
    received: report?.received ?? null,
    engineId: report?.engineId ?? null,
    engineUuid: report?.engineUuid ?? null,
    status: report?.status ?? (flags.after.length + flags.follow.length > 0 ? "waiting" : "ready"),
    attempts: report?.attempts ?? 0,
    after: flags.after,
    follow: flags.follow,
    label: flags.label,
    stdout: job.printed(task, "stdout"),
    stderr: job.printed(task, "stderr"),
    data: job.live(task)?.data ?? null,
    progress: job.live(task)?.progress ?? null,
    error: firstError(job, task),
  };
}

function firstError(job: Job, task: number): unknown {
  const [, error] = job.outcomesOf(task).find(([ok]) => !ok) ?? [false, null];
  return error;
}
