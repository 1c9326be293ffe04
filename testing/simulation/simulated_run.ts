/**
 * One dispatched attempt in the hands of a simulated host, and the ports through which host and engines see the world.
 *
 * Types and small makers. Used by `simulated_host.ts` and `simulated_seat.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../../wire/clock.ts";
import type { DispatchNumber, EngineId, EngineUuid, Epoch, TaskId } from "../../protocol/ids.ts";
import type { AttemptOutcome } from "../../protocol/outcome.ts";
import type { TaskSpec } from "../../protocol/task_spec.ts";
import type { EndedAttempt } from "../../scheduler/core/events.ts";
import type { Mishap } from "./plan.ts";

/** What an attempt does. */
export interface Script {
  readonly what: Mishap | "returns";
  readonly runMs: number;
  readonly stopsInMs: number | null;
}

/** What hosts and engines need of the world. */
export interface HostWorld {
  readonly clock: Clock;
  /** What the next attempt of a task does that begins anywhere. */
  beginsAttempt(spec: TaskSpec): Script;
  /** Something for the story of a task. */
  tell(task: TaskId | null, text: () => string): void;
}

/** An attempt that a host was given. */
export interface SimulatedRun {
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  readonly engine: EngineId;
  readonly attempt: number;
  readonly spec: TaskSpec;
  state: "queued" | "running" | "ended";
  /** The process it runs on, or ran on. */
  uuid: EngineUuid | null;
  startedAtMs: number;
  aborted: boolean;
  timers: TimerHandle[];
  ended: EndedAttempt | null;
  endedAtMs: number;
}

/** How an attempt ended, with what a host reports of it. */
export function endedAttempt(run: SimulatedRun, outcome: AttemptOutcome, nowMs: number): EndedAttempt {
  const ran = run.uuid !== null;
  const report = ran ? { runMs: nowMs - run.startedAtMs, ageMs: 0, stdout: "", stderr: "" } : null;
  return { number: run.number, outcome, report };
}

/** The name of a dispatch: a host and a scheduler mean the same by it. */
export function dispatchKey(epoch: number, number: number): string {
  return `${epoch}:${number}`;
}
