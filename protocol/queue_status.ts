/**
 * What is queued where, and why, at one moment: the scheduler's side of `client.queueStatus()`.
 *
 * Types and bounds only. Made by the core, passed on by its shell, joined by the client with what the hub counted.
 * @module
 */
import type { Cause } from "./explanation.ts";
import type { EngineId, EngineUuid, TaskId } from "./ids.ts";

/** Ids that are listed of one kind, at most; counts count all. */
export const LISTED_IDS = 1_000;

/** Lines about what waits, at most. */
export const LISTED_CAUSES = 100;

/** The tasks an engine has, oldest first. */
export interface EngineQueue {
  readonly engine: EngineId;
  readonly uuid: EngineUuid;
  readonly queued: number;
  readonly running: number;
  /** `null`: not asked for. */
  readonly queuedIds: readonly TaskId[] | null;
  readonly runningIds: readonly TaskId[] | null;
}

/** Tasks that wait in the scheduler for the same reason. */
export interface WaitingTasks {
  /** In a word. */
  readonly cause: Cause;
  /** What each of them does: `waits for engine 0 to be free`. */
  readonly text: string;
  /** How many there are. */
  readonly count: number;
  /** The engines they wait for. */
  readonly engines: readonly number[];
  /** The first of them; `null`: not asked for. */
  readonly ids: readonly string[] | null;
}

/** What is assigned, and what is not. */
export interface SchedulerQueues {
  /** Live engines, ascending. */
  readonly engines: readonly EngineQueue[];
  /** All tasks that are not assigned. */
  readonly unassigned: number;
  /** The same by cause, the most first. */
  readonly waiting: readonly WaitingTasks[];
  /** Those of the unassigned that no line of `waiting` counts: there would be too many lines. */
  readonly others: number;
}
