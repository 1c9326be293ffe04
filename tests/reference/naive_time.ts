/**
 * What happens by itself as time passes: deadlines, ends of pauses, reports that never came, the end of the grace.
 *
 * What is due first happens first, before the event that the time came with. Called by `naive_scheduler.ts`.
 * @module
 */
import { condemn, goBack } from "./naive_attempts.ts";
import { conclude, settle } from "./naive_outcomes.ts";
import { endBatch } from "./naive_submission.ts";
import type { NaiveTask } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

interface Due {
  readonly at: number;
  readonly happen: () => void;
}

/** Lets all happen that is due now. */
export function passTime(w: NaiveWorld): void {
  for (let due = firstDue(w); due !== null && due.at <= w.now; due = firstDue(w)) {
    due.happen();
    conclude(w);
  }
}

/** When something happens next without an event; `Infinity`: never. */
export function nextDueAt(w: NaiveWorld): number {
  return firstDue(w)?.at ?? Infinity;
}

function firstDue(w: NaiveWorld): Due | null {
  const all: Due[] = [];
  if (w.isGrace) all.push({ at: w.graceUntil, happen: () => endGrace(w) });
  for (const life of w.lives) all.push({ at: life.overdueAt, happen: () => condemn(w, life, 0) });
  for (const task of w.tasks.values()) all.push(...dueOf(w, task));
  for (const client of w.clients.values()) {
    if (client.isMidBatch && !client.isAttached) {
      all.push({ at: client.waitedForUntil, happen: () => endBatch(w, client) });
    }
  }
  const [first] = all.filter(({ at }) => at < Infinity).sort((a, b) => a.at - b.at);
  return first ?? null;
}

function dueOf(w: NaiveWorld, task: NaiveTask): Due[] {
  if (task.state === "settled" || task.state === "assigned") return [];
  const all: Due[] = [];
  if (task.state === "paused") all.push({ at: task.pausedUntil, happen: () => goBack(w, task) });
  if (!task.isSpared && !task.isLastChance) {
    all.push({ at: task.deadline, happen: () => settle(w, task, "DependencyTimeout") });
  }
  return all;
}

/** From now on tasks are dispatched, and engines that did not come back are gone. */
export function endGrace(w: NaiveWorld): void {
  w.graceUntil = -Infinity;
}
