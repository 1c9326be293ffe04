/**
 * What a task can learn of itself: `currentTask()`, for code that runs on an engine.
 *
 * The engine keeps the task under a global symbol, so that any copy of this module finds it. Exported by `mod.ts`; never
 * imported by the engine.
 * @module
 */
import { CURRENT_TASK_KEY } from "../protocol/shipped_names.ts";
import type { Client } from "./client.ts";
import { markOwn } from "./own_values.ts";

/** The task that is running. */
export interface CurrentTask {
  /** Its id, the same as `msgId` of its result. */
  readonly msgId: string;
  /** The engine it runs on. */
  readonly engineId: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** Aborted when the task is to end. */
  readonly signal: AbortSignal;
  /** Shows a value to the client while the task runs. */
  publish(data: unknown): void;
  /** How far it is, 0 to 1. */
  progress(fraction: number, text?: string): void;
  /**
   * Submits tasks from inside this one, like any client of the cluster. While the task awaits a result, its slot is
   * another's. What it submitted and has no outcome of when it ends is aborted. At hand at once where the task's own
   * function, or one that it captured, names it; elsewhere use `connect()`. Throws `TypeError` where it is not at hand,
   * `ConnectionError` where no controller can be reached.
   */
  readonly client: Client;
  /** The same client, in any code. Rejects with `ConnectionError` where no controller can be reached within 10 s. */
  connect(): Promise<Client>;
  /** What the engine's initializer returned; `undefined` without one. */
  readonly state: unknown;
}

/**
 * The task that is running. Throws `TypeError` outside a task.
 *
 * @example
 * ```ts
 * import { currentTask } from "./current_task.ts";
 *
 * const whereAmI = () => currentTask().engineId; // ship this with apply()
 * console.log(typeof whereAmI); // function
 * ```
 */
export function currentTask(): CurrentTask {
  const task = (globalThis as Record<symbol, unknown>)[Symbol.for(CURRENT_TASK_KEY)];
  if (task !== undefined && task !== null) return task as CurrentTask;
  throw new TypeError(
    "Cannot tell the current task: this code does not run in one; call currentTask() inside a function given to apply() or map().",
  );
}

// So that a shipped function that uses it is given the engine's own.
markOwn(currentTask, "currentTask");
