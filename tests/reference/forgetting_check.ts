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

/** Takes what was forgotten, in order. */
export function takeForgotten(w: NaiveWorld, forgotten: readonly TaskId[]): void {
  const purged = w.purged.filter((task) => {
    task.isPurged = true;
    return forgotten.includes(task.id) || !w.isNamed(task.id);
  });
  for (const { id } of purged) agree(forgotten.includes(id), "purged but not forgotten", () => id);
  for (const id of forgotten) takeOne(w, id);
  const { maxRecords } = w.options.retention;
  const free = w.kept.filter(({ id }) => !w.isNamed(id));
  const old = free.find((task) => isOld(w, task));
  agree(old === undefined, "too old but not forgotten", () => `${old?.id}`);
  agree(
    free.length <= maxRecords,
    "too many but not forgotten",
    () => `${free.length} are kept, ${maxRecords} allowed`,
  );
}

function takeOne(w: NaiveWorld, id: TaskId): void {
  const task = w.tasks.get(id);
  agree(task?.state === "settled" && !task.isForgotten, "forgot what was not there", () => id);
  agree(!w.isNamed(id), "forgot what a waiting task names", () => id);
  if (!task.isPurged) checkDue(w, task);
  task.isForgotten = true;
}

function checkDue(w: NaiveWorld, task: NaiveTask): void {
  if (isOld(w, task)) return;
  const { kept } = w;
  agree(kept.length > w.options.retention.maxRecords, "forgot what may stay", () => `${task.id} of ${kept.length}`);
  const earlier = kept.find((other) => other !== task && goesBefore(other, task) && !w.isNamed(other.id));
  agree(earlier === undefined, "forgot the wrong one", () => `${task.id} before ${earlier?.id}`);
}

/** Those that were told first, the oldest of them first. */
function goesBefore(one: NaiveTask, other: NaiveTask): boolean {
  if (one.isTold !== other.isTold) return one.isTold;
  return one.keptSince < other.keptSince;
}

function isOld(w: NaiveWorld, task: NaiveTask): boolean {
  return task.keptSince <= w.now - w.options.retention.maxAgeMs;
}
