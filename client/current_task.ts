/**
 * What a task can learn of itself: `currentTask()`, for code that runs on an engine.
 *
 * The engine keeps the task under a global symbol, so that any copy of this module finds it. Exported by `mod.ts`; never
 * imported by the engine.
 * @module
 */
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
  const task = (globalThis as Record<symbol, unknown>)[Symbol.for("troupe.currentTask")];
  if (task !== undefined && task !== null) return task as CurrentTask;
  throw new TypeError(
    "Cannot tell the current task: this code does not run in one; call currentTask() inside a function given to apply() or map().",
  );
}

// So that a shipped function that uses it is given the engine's own.
markOwn(currentTask, "currentTask");
