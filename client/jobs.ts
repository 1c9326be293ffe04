/**
 * The ways to name tasks in a call: results, ids, or lists of both.
 *
 * Called by the client's methods that take them.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import { AsyncResult } from "./async_result.ts";
import { show } from "./flag_checks.ts";
import type { Job } from "./job.ts";

/** A result, the id of a task, or several of these. A result of a map stands for all its tasks. */
export type Jobs = AsyncResult<unknown, boolean> | string | readonly (AsyncResult<unknown, boolean> | string)[];

/** One of the tasks that were named. */
export interface NamedTask {
  readonly id: TaskId;
  /** `null`: by its id alone. */
  readonly job: Job | null;
  /** Which task of the job. */
  readonly task: number;
}

/** As a list. Throws `TypeError` for what names no task. */
export function asList(jobs: Jobs): readonly (AsyncResult<unknown, boolean> | string)[] {
  const list: readonly unknown[] = Array.isArray(jobs) ? jobs : [jobs];
  for (const entry of list) {
    if (typeof entry === "string" || entry instanceof AsyncResult) continue;
    throw new TypeError(
      `Cannot take ${show(entry)} for a task: tasks are named by a result, by an id, or by a list of these.`,
    );
  }
  return list as readonly (AsyncResult<unknown, boolean> | string)[];
}

/** Each task that is named, in order. */
export function namedTasks(jobs: Jobs): NamedTask[] {
  return asList(jobs).flatMap((entry): NamedTask[] => {
    if (typeof entry === "string") return [{ id: entry as TaskId, job: null, task: 0 }];
    const job = AsyncResult.jobOf(entry);
    return Array.from({ length: job.taskCount }, (_, task) => ({ id: job.taskId(task), job, task }));
  });
}

const SHOWN_IDS = 50;

/** Ids for an error message. */
export function shownIds(ids: readonly string[]): string {
  const shown = ids.slice(0, SHOWN_IDS).map((id) => JSON.stringify(id)).join(", ");
  return ids.length > SHOWN_IDS ? `${shown} and ${ids.length - SHOWN_IDS} more` : shown;
}

/** One task that was named by itself, not in a list, and not as the only one of a map. */
export function isSingle(jobs: Jobs, named: readonly (Job | null)[]): boolean {
  if (Array.isArray(jobs) || named.length !== 1) return false;
  return named[0]?.plan.scalar ?? true;
}
