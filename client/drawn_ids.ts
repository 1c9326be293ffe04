/**
 * Task ids that a user drew before there was a task, so that tasks of one batch may name each other in any order.
 *
 * Each serves once. Owned by `client_tasks.ts`, asked by `submission.ts`.
 * @module
 */
import type { Session, TaskId } from "../protocol/ids.ts";
import { parseTaskId, taskId } from "../wire/task_ids.ts";

/** The drawn ids of one client. */
export class DrawnIds {
  readonly #session: Session;
  readonly #allocate: () => number;
  /** Those that are not used yet. */
  readonly #unused = new Set<TaskId>();

  /** `allocate` gives a counter that no other task has. */
  constructor(session: Session, allocate: () => number) {
    this.#session = session;
    this.#allocate = allocate;
  }

  /** A fresh id. */
  draw(): TaskId {
    const id = taskId(this.#session, this.#allocate());
    this.#unused.add(id);
    return id;
  }

  /** Whether the id can still be used. */
  has(id: string): boolean {
    return this.#unused.has(id as TaskId);
  }

  /** The counter of a drawn id, which can be used once. Throws `RangeError` for any other. */
  use(id: string): number {
    const parts = parseTaskId(id);
    if (parts !== null && this.#unused.delete(id as TaskId)) return parts.counter;
    throw new RangeError(
      `Cannot submit a task as ${
        JSON.stringify(id)
      }: it was not made by client.newId() of this client, or is used already; ` +
        `draw a new one for each task.`,
    );
  }
}
