/**
 * Where a task may run: targets, refusals, failures, and `follow`, each by its definition.
 *
 * Looks at every process there ever was. Changes nothing.
 * @module
 */
import type { DependencySpec } from "../../protocol/task_spec.ts";
import { type Life, type NaiveTask, namedBy } from "./naive_records.ts";
import { READINGS } from "./readings.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** Whether the task may go there now. */
export function isEligible(w: NaiveWorld, task: NaiveTask, life: Life): boolean {
  return isFree(w, life) && isAllowed(w, task, life) &&
    (!task.failedOn.has(life) || !w.lives.some((other) => isUntried(w, task, other)));
}

/** Whether the engine takes one more. */
function isFree(w: NaiveWorld, life: Life): boolean {
  const { hwm } = w.options;
  if (hwm === "auto") throw new TypeError("The reference does not know how long tasks take: give a mark.");
  const limit = hwm === 0 ? Infinity : hwm * life.slots;
  return takesTasks(life) && w.hosts.get(life.host)?.isReachable === true && life.inHand.length < limit;
}

function takesTasks(life: Life): boolean {
  return life.isAlive && !life.isDraining;
}

/** In targets, has not declined it, and what it follows ran there. */
function isAllowed(w: NaiveWorld, task: NaiveTask, life: Life): boolean {
  const { targets, follow } = task.flags;
  return (targets === null || targets.includes(life.id)) && !task.declinedOn.has(life) &&
    (follow === null || follow.ids.length === 0 || placesOf(w, follow).includes(life));
}

/** An engine that has not failed the task and could take it, now or once it is less busy. */
function isUntried(w: NaiveWorld, task: NaiveTask, life: Life): boolean {
  return takesTasks(life) && isAllowed(w, task, life) && !task.failedOn.has(life);
}

/** Whether one of the engines that `follow` allows can take the task, now or later. */
export function hasPlace(w: NaiveWorld, task: NaiveTask): boolean {
  const { follow } = task.flags;
  if (follow === null || follow.ids.length === 0) return true;
  return placesOf(w, follow).some((life) => canEverTake(task, life));
}

/** Whether it is certain that the task can't run any more, whatever happens. */
export function canNeverRun(w: NaiveWorld, task: NaiveTask): boolean {
  const { targets, follow } = task.flags;
  if (targets !== null && !w.isGrace && targets.every((id) => w.isGone(id))) return true;
  const isDecidable = namedBy(task).every((id) => w.tasks.has(id));
  return isDecidable && follow !== null && follow.ids.length > 0 && canNeverFollow(w, task, follow);
}

function canNeverFollow(w: NaiveWorld, task: NaiveTask, follow: DependencySpec): boolean {
  const named = membersOf(w, follow);
  const settled = named.filter((one) => one?.state === "settled");
  if (follow.all) {
    if (settled.some((one) => one?.ranOn === null)) return true;
    if (new Set(settled.map((one) => one?.ranOn)).size > 1) return true;
    return settled.length > 0 && !placesOf(w, follow).some((life) => canEverTake(task, life));
  }
  const mayCome = settled.length < named.length;
  return !mayCome && !placesOf(w, follow).some((life) => canEverTake(task, life));
}

function canEverTake(task: NaiveTask, life: Life): boolean {
  const { targets } = task.flags;
  return life.isAlive && !(READINGS.drainingIsGone && life.isDraining) && !task.declinedOn.has(life) &&
    (targets === null || targets.includes(life.id));
}

/** Where the tasks ran that make it met, as far as they are settled. */
function placesOf(w: NaiveWorld, { ids, success, failure }: DependencySpec): Life[] {
  const places: Life[] = [];
  for (const id of ids) {
    const one = w.tasks.get(id);
    if (one === undefined || one.outcome === null || one.ranOn === null) continue;
    if (one.outcome === "done" ? success : failure) places.push(one.ranOn);
  }
  return places;
}

function membersOf(w: NaiveWorld, { ids }: DependencySpec): (NaiveTask | undefined)[] {
  return [...new Set(ids)].map((id) => w.tasks.get(id));
}
