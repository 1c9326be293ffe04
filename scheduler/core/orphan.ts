/**
 * An attempt that a host holds from an earlier controller life, of a task that no client has submitted here yet.
 *
 * Waits for a bounded time for its task to be claimed. Made by `adoption.ts`.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, Epoch, HostId, TaskId } from "../../protocol/ids.ts";
import type { EndedAttempt } from "./events.ts";
import type { Attempt } from "./task_record.ts";
import type { Timer } from "./timers.ts";

/** Either `attempt` or `ended` is set. */
export interface Orphan {
  readonly id: TaskId;
  readonly epoch: Epoch;
  readonly number: DispatchNumber;
  readonly host: HostId;
  readonly engine: EngineId;
  /** The process it runs on, or ended on; `null`: nobody knows. */
  uuid: EngineUuid | null;
  /** Counts from 1. */
  readonly ordinal: number;
  /** While it has not ended. */
  attempt: Attempt | null;
  /** Once it has. */
  ended: EndedAttempt | null;
  timer: Timer | null;
}
