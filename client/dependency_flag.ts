/**
 * From what a user sets as `after` or `follow` to what travels with the tasks.
 *
 * A task that was refused at its client is known by its id to have failed without ever running, and the scheduler never
 * hears of it: what that makes of the dependency is decided here. Called by `task_flags.ts`.
 * @module
 */
import { type TaskId, wayOf } from "../protocol/ids.ts";
import type { DependencySpec } from "../protocol/task_spec.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { Dependency, dependencyIds, type DependencyJobs } from "./dependency.ts";

/** Which of the two flags. */
export type DependencyKind = "after" | "follow";

/** What may be set as either flag. A plain result, id or list of these means: all of them are done. */
export type DependencyValue = Dependency | DependencyJobs | null;

/** A dependency as it was asked for, and what is left of it for the scheduler. */
export interface DependencyFlag {
  /** All that were named. */
  readonly ids: readonly TaskId[];
  /** What travels; `null`: nothing to wait for. */
  readonly spec: DependencySpec | null;
  /** A refused task for which it can never be met; `null`: there is none. */
  readonly obstacle: TaskId | null;
}

/** `null` where nothing is named. Throws `TypeError`, `RangeError`. */
export function dependencyFlag(kind: DependencyKind, value: unknown): DependencyFlag | null {
  if (value === null) return null;
  const { all, success, failure } = value instanceof Dependency ? value : PLAIN;
  const ids = dependencyIds(value as DependencyJobs, `set the flag "${kind}" to depend`);
  if (ids.length === 0) return null;
  const refused = ids.find(isRefused);
  if (refused === undefined) return { ids, spec: { ids, all, success, failure }, obstacle: null };
  const spec: DependencySpec = { ids: ids.filter((id) => !isRefused(id)), all, success, failure };
  return { ids, ...withoutRefused(kind, spec, refused) };
}

const PLAIN = { all: true, success: true, failure: false } as const;

/** What is left once some failed without having run anywhere. */
function withoutRefused(
  kind: DependencyKind,
  spec: DependencySpec,
  refused: TaskId,
): Pick<DependencyFlag, "spec" | "obstacle"> {
  // Nobody can go where a task ran that never did.
  const counts = spec.failure && kind === "after";
  const nothingLeft = spec.ids.length === 0;
  if (spec.all ? !counts : !counts && nothingLeft) return { spec: null, obstacle: refused };
  const met = nothingLeft || (!spec.all && counts);
  return { spec: met ? null : spec, obstacle: null };
}

function isRefused(id: TaskId): boolean {
  return wayOf(parseTaskId(id)?.counter ?? 0) === "refused";
}
