/**
 * What a submitted batch, or a part of one, becomes: known ids answered, bad ones refused, the rest accepted.
 *
 * Called by `naive_events.ts`.
 * @module
 */
import { DIRECT_COUNTERS_FROM, type TaskId } from "../../protocol/ids.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import type { TasksSubmitted } from "../../scheduler/core/events.ts";
import { conclude, hasUnknown, settle, tell } from "./naive_outcomes.ts";
import { type NaiveClient, type NaiveTask, namedBy } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** A client submitted. */
export function submitted(w: NaiveWorld, { session, specs, agesMs, more }: TasksSubmitted): void {
  const client = w.client(session);
  client.isAttached = true;
  client.isMidBatch = more;
  for (const { id } of specs) w.arriving.add(id);
  specs.forEach((spec, i) => submit(w, client, spec, agesMs?.[i] ?? 0));
  w.arriving.clear();
  if (!more) endBatch(w, client);
  conclude(w);
}

/** Nothing more of a client's batch comes: what is unknown stays so. */
export function endBatch(w: NaiveWorld, client: NaiveClient): void {
  client.isMidBatch = false;
  for (const task of w.tasks.values()) {
    if (task.client === client && task.state === "waiting" && hasUnknown(w, task)) {
      settle(w, task, "InvalidDependency");
    }
  }
}

function submit(w: NaiveWorld, client: NaiveClient, spec: TaskSpec, ageMs: number): void {
  const counter = counterOf(spec.id);
  if (counter === null || !spec.id.startsWith(`${client.session}-`)) return;
  const known = w.tasks.get(spec.id);
  if (known === undefined) return accept(w, client, spec, counter, ageMs);
  if (known.isForgotten) w.told.push({ task: spec.id, outcome: "InvalidDependency", attempts: 0 });
  else if (known.state === "settled") tell(w, known);
}

function accept(w: NaiveWorld, client: NaiveClient, spec: TaskSpec, counter: number, ageMs: number): void {
  const { flags } = spec.template;
  const task: NaiveTask = {
    id: spec.id,
    client,
    counter,
    order: w.tasks.size,
    flags,
    deadline: flags.timeoutMs > 0 ? w.now - ageMs + flags.timeoutMs : Infinity,
    state: "waiting",
    isReleased: false,
    isSpared: false,
    isLastChance: false,
    pausedUntil: 0,
    attempts: 0,
    failures: 0,
    lastFailure: null,
    failedOn: new Set(),
    declinedOn: new Set(),
    ranOn: null,
    outcome: null,
    isTold: false,
    keptSince: 0,
    namedUntil: -Infinity,
    isForgotten: false,
    isPurged: false,
  };
  w.tasks.set(spec.id, task);
  if (namedBy(task).some((id) => isRefused(w, task, id))) settle(w, task, "InvalidDependency");
  else if (task.deadline <= w.now) settle(w, task, "DependencyTimeout");
  else if (hasStrangeTargets(w, task)) settle(w, task, "ImpossibleDependency");
}

/** It names only engines that never were, while it is known which were. */
function hasStrangeTargets(w: NaiveWorld, { flags: { targets } }: NaiveTask): boolean {
  return targets !== null && !w.isGrace && w.nextEngine > 0 && targets.every((id) => id >= w.nextEngine);
}

/** Its own id, one of a direct task, a forgotten one, or one that can't come any more. */
function isRefused(w: NaiveWorld, task: NaiveTask, id: TaskId): boolean {
  const known = w.tasks.get(id);
  if (known !== undefined) return known === task || known.isForgotten;
  const counter = counterOf(id);
  if (counter === null || counter >= DIRECT_COUNTERS_FROM || !id.startsWith(`${task.client.session}-`)) return true;
  return !task.client.isMidBatch && !w.arriving.has(id);
}

function counterOf(id: string): number | null {
  const digits = /^[a-z0-9]+-(\d{1,15})$/.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}
