/**
 * Tells which task the code that runs at this moment belongs to, also after awaits and in callbacks.
 *
 * Where an engine runs one task at a time, that one owns what happens, and only functions that return promises get a
 * scope of their own (`AsyncLocalStorage`, 0.7 µs), so that what they leave behind is not taken for the next task's.
 * With more slots each task has one. What the runtime does not trace has no owner: `docs/decisions/0011-slots.md`. Used by
 * all in this folder that must know whose line or error it is.
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskRun } from "./task_run.ts";

export class TaskOwners {
  readonly #scopes = new AsyncLocalStorage<TaskRun | undefined>();
  /** Where tasks run one at a time: the one that runs. */
  only: TaskRun | null = null;

  /** The task that this code belongs to, which may have ended. `null`: none, or one that can't be known. */
  get owner(): TaskRun | null {
    return this.#scopes.getStore() ?? this.only;
  }

  /** The task whose scope this code runs in. */
  get scope(): TaskRun | null {
    return this.#scopes.getStore() ?? null;
  }

  /** Calls `body` in the scope of a task; all that it sets going belongs to that task. */
  within<T>(run: TaskRun, body: () => T): T {
    return this.#scopes.getStore() === run ? body() : this.#scopes.run(run, body);
  }

  /** What this code does from here on, and sets going, belongs to that task, until `leave`. */
  enter(run: TaskRun): void {
    this.#scopes.enterWith(run);
  }

  /** Calls `body` in no task's scope. */
  outside(body: () => void): void {
    this.#scopes.exit(body);
  }

  /**
   * Called where the event loop calls the engine. After a dynamic import the runtime stays in the scope of the task that
   * asked for it, and would give it to all callbacks that it does not trace.
   */
  leave(): void {
    if (this.#scopes.getStore() !== undefined) this.#scopes.enterWith(undefined);
  }
}
