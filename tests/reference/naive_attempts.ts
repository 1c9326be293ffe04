/**
 * What the end of an attempt makes of its task, whoever says that it ended.
 *
 * Called by `naive_events.ts` and `naive_time.ts`.
 * @module
 */
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import { conclude, settle } from "./naive_outcomes.ts";
import type { Flight, Life, NaiveTask } from "./naive_records.ts";
import type { NaiveWorld } from "./naive_world.ts";

/** A flight ended like this. */
export function flightEnded(w: NaiveWorld, life: Life, flight: Flight, outcome: AttemptOutcome): void {
  life.inHand = life.inHand.filter((other) => other !== flight);
  if (life.inHand.length === 0) life.overdueAt = Infinity;
  if (flight.task !== null) attemptEnded(w, flight.task, life, outcome);
  conclude(w);
}

/** The first `running` that an engine has in hand have failed, the others come back for nothing. */
export function condemn(w: NaiveWorld, life: Life, running: number): void {
  life.inHand.forEach((flight, i) => {
    flightEnded(w, life, flight, i < running ? { kind: "engine-died", message: "" } : { kind: "returned" });
  });
}

function attemptEnded(w: NaiveWorld, task: NaiveTask, life: Life, outcome: AttemptOutcome): void {
  const ranOn = task.ranOn;
  task.ranOn = life;
  switch (outcome.kind) {
    case "done":
      return settle(w, task, "done");
    case "aborted":
      return settle(w, task, "TaskAborted");
    case "returned":
      task.ranOn = ranOn;
      task.attempts--;
      task.state = "ready";
      task.isSpared = true;
      return;
    case "declined":
      task.ranOn = ranOn;
      task.attempts--;
      task.declinedOn.add(life);
      return goBack(w, task);
    case "threw":
      return fail(w, task, life, "threw");
    case "timed-out":
      return fail(w, task, life, "TaskTimeout");
    case "engine-died":
      return fail(w, task, life, "EngineError");
  }
}

function fail(w: NaiveWorld, task: NaiveTask, life: Life, outcome: string): void {
  if (task.failures === task.flags.retries) return settle(w, task, outcome);
  task.failures++;
  task.lastFailure = outcome;
  task.failedOn.add(life);
  const { backoff } = task.flags;
  const pauseMs = backoff === null
    ? 0
    : Math.min(backoff.initialMs * backoff.factor ** (task.failures - 1), backoff.maxMs);
  if (pauseMs === 0) return goBack(w, task);
  task.isSpared = false;
  if (task.deadline <= w.now) return settle(w, task, "DependencyTimeout");
  task.state = "paused";
  task.pausedUntil = w.now + pauseMs;
}

/** Into the queue again; past its deadline it goes out at once or never. */
export function goBack(w: NaiveWorld, task: NaiveTask): void {
  task.state = "ready";
  task.isSpared = false;
  task.isLastChance = task.deadline <= w.now;
}
