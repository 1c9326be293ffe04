/**
 * What the end of an attempt makes of its task: settled, tried again, or back in its place in the queue.
 *
 * The attempt is off its engine already. Called by `on_attempts.ts`, by verdicts over dead engines, and by adoption.
 * @module
 */
import type { AttemptOutcome, AttemptReport, TaskOutcome } from "../../protocol/outcome.ts";
import { abortedOutcome } from "./abort.ts";
import { move } from "./moves.ts";
import { armDeadline, enqueue, expire } from "./queueing.ts";
import { settle, systemFailure } from "./settlement.ts";
import type { SchedulerState } from "./state.ts";
import type { AttemptPlace, TaskRecord } from "./task_record.ts";

/** The incarnation an attempt was on, which may be one that is not known here. */
export interface EndedPlace extends AttemptPlace {
  /** `null`: not one that is known here. */
  readonly serial: number | null;
}

/** Decides about an assigned task whose attempt is over. */
export function decide(
  s: SchedulerState,
  task: TaskRecord,
  place: EndedPlace,
  outcome: AttemptOutcome,
  report: AttemptReport | null,
): void {
  switch (outcome.kind) {
    case "done":
      return settle(s, task, "finish", outcome, place, report);
    case "returned":
      return takeBack(s, task, place);
    case "declined":
      task.attempts--;
      task.lastError = outcome.error;
      task.declinedOn = withSerial(task.declinedOn, place.serial);
      s.out.fact({ kind: "task-declined", at: s.now, task: task.id, engine: place.id });
      return goBack(s, task, "decline", place);
    case "aborted":
      return settle(s, task, "fail", abortedOutcome(task.id), place, report);
    default:
      return fail(s, task, place, outcome, report);
  }
}

type Failure = Extract<AttemptOutcome, { readonly kind: "threw" | "engine-died" | "timed-out" | "host-failed" }>;

function fail(
  s: SchedulerState,
  task: TaskRecord,
  place: EndedPlace,
  failure: Failure,
  report: AttemptReport | null,
): void {
  const outcome = finalOutcome(task, place, failure);
  if (task.failures >= task.flags.retries) return settle(s, task, "fail", outcome, place, report);
  task.failures++;
  task.lastFailure = outcome;
  task.lastPlace = { id: place.id, uuid: place.uuid };
  task.lastError = failure.kind === "threw" ? failure.error : null;
  task.failedOn = withSerial(task.failedOn, place.serial);
  const reason = failure.kind === "threw" ? "it threw" : failure.message;
  s.out.fact({ kind: "attempt-failed", at: s.now, task: task.id, engine: place.id, reason, error: task.lastError });
  const pauseMs = pauseBeforeRetry(s, task);
  if (pauseMs > 0) pause(s, task, pauseMs, place);
  else goBack(s, task, "retry", place);
}

/** Into the queue again, past its deadline only if an engine is free right now. */
function goBack(s: SchedulerState, task: TaskRecord, by: "retry" | "decline", place: EndedPlace): void {
  move(s, task, by, place.id);
  enqueue(s, task, "applies");
}

/** It never ran: nothing is lost, and its deadline does not hit it any more. */
function takeBack(s: SchedulerState, task: TaskRecord, place: EndedPlace): void {
  task.attempts--;
  move(s, task, "return", place.id);
  s.out.fact({ kind: "task-returned", at: s.now, task: task.id, engine: place.id });
  enqueue(s, task, "spared");
}

function pause(s: SchedulerState, task: TaskRecord, pauseMs: number, place: EndedPlace): void {
  move(s, task, "pause", place.id);
  task.pause = s.timers.set(s.now + pauseMs, { kind: "pause", task });
  if (!armDeadline(s, task)) expire(s, task);
}

/** `min(initial * factor ** (n - 1), max)` before attempt n + 1, of which the share `jitter` is random. */
export function pauseBeforeRetry(s: SchedulerState, task: TaskRecord): number {
  const { backoff } = task.flags;
  if (backoff === null) return 0;
  const full = Math.min(backoff.initialMs * backoff.factor ** (task.failures - 1), backoff.maxMs);
  return backoff.jitter === 0 ? full : full * (1 - backoff.jitter * s.random.next());
}

/** What the client sees if this was the last attempt. */
function finalOutcome(task: TaskRecord, place: EndedPlace, failure: Failure): TaskOutcome {
  switch (failure.kind) {
    case "threw":
      return failure;
    case "timed-out":
      return systemFailure("TaskTimeout", `Cannot finish task "${task.id}" on engine ${place.id}: ${failure.message}`);
    case "host-failed":
      return systemFailure("EngineError", `Cannot finish task "${task.id}" on engine ${place.id}: ${failure.message}`);
    case "engine-died":
      return systemFailure(
        "EngineError",
        `Cannot finish task "${task.id}": engine ${place.id} died while it ran (${failure.message}); ` +
          `set retries to have it run again elsewhere`,
      );
  }
}

function withSerial(serials: readonly number[] | null, serial: number | null): readonly number[] | null {
  if (serial === null || serials?.includes(serial)) return serials;
  return [...serials ?? [], serial].sort((a, b) => a - b);
}
