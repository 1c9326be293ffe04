/**
 * Checks which finished tasks the core forgot in a step: all that it must, none that it must not, in the right order.
 *
 * Within that, what is forgotten is taken as given. Bytes are not counted: histories leave them unbounded.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import { agree } from "./disagreement.ts";
import type { NaiveTask } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** Ages are kept in whole ms. */
const AGE_GRAIN_MS = 1;

/** Takes what was forgotten, in order. */
export function takeForgotten(w: NaiveWorld, forgotten: readonly TaskId[]): void {
  const { named } = w;
  for (const task of w.purged) {
    task.isPurged = true;
    agree(forgotten.includes(task.id) || named.has(task.id), "purged but not forgotten", () => task.id);
  }
  for (const id of forgotten) takeOne(w, id, named);
  const { maxRecords } = w.options.retention;
  const free = w.kept.filter(({ id }) => !named.has(id));
  const old = free.find((task) => isOld(w, youngestAge(task) + AGE_GRAIN_MS));
  agree(old === undefined, "too old but not forgotten", () => `${old?.id}`);
  agree(
    free.length <= maxRecords,
    "too many but not forgotten",
    () => `${free.length} are kept, ${maxRecords} allowed`,
  );
}

function takeOne(w: NaiveWorld, id: TaskId, named: ReadonlySet<TaskId>): void {
  const task = w.tasks.get(id);
  agree(task?.state === "settled" && !task.isForgotten, "forgot what was not there", () => id);
  agree(!named.has(id), "forgot what a waiting task names", () => id);
  if (!task.isPurged) checkDue(w, task, named);
  task.isForgotten = true;
}

function checkDue(w: NaiveWorld, task: NaiveTask, named: ReadonlySet<TaskId>): void {
  if (isOld(w, task.keptSince - AGE_GRAIN_MS)) return;
  const { kept } = w;
  agree(kept.length > w.options.retention.maxRecords, "forgot what may stay", () => `${task.id} of ${kept.length}`);
  const earlier = kept.find((other) => other !== task && goesBefore(other, task) && !named.has(other.id));
  agree(earlier === undefined, "forgot the wrong one", () => `${task.id} before ${earlier?.id}`);
}

/** Those that were told first, the oldest of them first. */
function goesBefore(one: NaiveTask, other: NaiveTask): boolean {
  if (one.isTold !== other.isTold) return one.isTold;
  return youngestAge(one) < other.keptSince;
}

/** Since when it is kept at the latest: what a waiting task named may be as young as that. */
function youngestAge({ keptSince, namedUntil }: NaiveTask): number {
  return Math.max(keptSince, namedUntil);
}

function isOld(w: NaiveWorld, since: number): boolean {
  return since <= w.now - w.options.retention.maxAgeMs;
}
