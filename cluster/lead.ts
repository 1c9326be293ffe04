/**
 * The right to lead a cluster whose controllers share a store: one has it at a time, the others wait for it.
 *
 * Takes it before anything else is opened. Called by `controller.ts`.
 * @module
 */
import type { Leadership } from "../scheduler/scheduler_actor.ts";

/** What the one that leads holds. */
export interface Lead extends Leadership, AsyncDisposable {
  /** Higher than that of whoever led before. */
  readonly epoch: number;
  /** Resolves with the reason when another leads. */
  readonly lost: Promise<Error>;
}
