/**
 * The tasks that wait for others and name the engines they may run on: found by engine, when one of these is gone for
 * good.
 *
 * Owned by the state; filled by `holding.ts`.
 * @module
 */
import type { EngineId } from "../../protocol/ids.ts";
import type { TaskRecord } from "./task_record.ts";

/** Waiting tasks by the engines that they name. */
export class WaitingTargets {
  readonly #byEngine: Map<EngineId, Set<TaskRecord>> = new Map();

  add(id: EngineId, task: TaskRecord): void {
    const tasks = this.#byEngine.get(id);
    if (tasks === undefined) this.#byEngine.set(id, new Set([task]));
    else tasks.add(task);
  }

  delete(id: EngineId, task: TaskRecord): void {
    const tasks = this.#byEngine.get(id);
    if (tasks === undefined) return;
    tasks.delete(task);
    if (tasks.size === 0) this.#byEngine.delete(id);
  }

  /** In the order of submission. */
  of(id: EngineId): readonly TaskRecord[] {
    return inOrder(this.#byEngine.get(id) ?? []);
  }

  /** In the order of submission, each once. */
  all(): readonly TaskRecord[] {
    return inOrder(new Set([...this.#byEngine.values()].flatMap((tasks) => [...tasks])));
  }
}

function inOrder(tasks: Iterable<TaskRecord>): TaskRecord[] {
  return [...tasks].sort((a, b) => a.order - b.order);
}
