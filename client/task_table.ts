/**
 * The unsettled tasks of one client, found by their counter.
 *
 * Counters are consecutive, so this is an array in pages: a page goes when its last task is settled, and one task that
 * runs for days costs one page, not all that came after it. Knows nothing of sending. Used by `client_tasks.ts` and the queues.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import type { BigValue } from "./big_value.ts";
import type { LateArguments } from "./late_arguments.ts";
import type { InputSource } from "./input_source.ts";
import type { Job } from "./job.ts";
import type { TaskTemplateEntry } from "./task_templates.ts";

/** One unsettled task: all that is needed to submit it, also a second time. */
export interface PendingTask {
  readonly counter: number;
  readonly job: Job;
  /** Which task of the job. */
  readonly task: number;
  readonly template: TaskTemplateEntry;
  readonly args: Uint8Array | BigValue;
  /** Where the arguments come later: `args` is empty until then. */
  readonly late?: LateArguments;
  /** Results of other tasks that stand in its arguments; absent: none. */
  readonly inputs?: readonly InputSource[];
  /** Of a direct task: where it goes. */
  readonly engine: EngineId | null;
}

interface Page {
  readonly slots: (PendingTask | undefined)[];
  live: number;
}

const PAGE_SIZE = 1024;

/** Tasks by counter. */
export class TaskTable {
  readonly #pages = new Map<number, Page>();
  #next: number;
  #size = 0;

  constructor(first = 0) {
    this.#next = first;
  }

  /** The counter that will be given next. */
  get next(): number {
    return this.#next;
  }

  /** How many are unsettled. */
  get size(): number {
    return this.#size;
  }

  /** Takes so many consecutive counters; returns the first. */
  allocate(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  set(task: PendingTask): void {
    const page = this.#pageFor(task.counter);
    page.slots[task.counter % PAGE_SIZE] = task;
    page.live++;
    this.#size++;
  }

  /** Another task under the same counter; false: there is none any more. */
  replace(task: PendingTask): boolean {
    const page = this.#pages.get(Math.floor(task.counter / PAGE_SIZE));
    if (page?.slots[task.counter % PAGE_SIZE] === undefined) return false;
    page.slots[task.counter % PAGE_SIZE] = task;
    return true;
  }

  get(counter: number): PendingTask | undefined {
    return this.#pages.get(Math.floor(counter / PAGE_SIZE))?.slots[counter % PAGE_SIZE];
  }

  /** Removes and returns; undefined where it is settled already or was never there. */
  take(counter: number): PendingTask | undefined {
    const number = Math.floor(counter / PAGE_SIZE);
    const page = this.#pages.get(number);
    const task = page?.slots[counter % PAGE_SIZE];
    if (page === undefined || task === undefined) return undefined;
    page.slots[counter % PAGE_SIZE] = undefined;
    this.#size--;
    if (--page.live === 0) this.#pages.delete(number);
    return task;
  }

  /** All unsettled tasks, ascending. Tasks may be taken meanwhile. */
  *all(): Generator<PendingTask> {
    for (const number of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (const task of this.#pages.get(number)?.slots ?? []) if (task !== undefined) yield task;
    }
  }

  /** The first counter that is not settled; the next one where all are. */
  firstUnsettled(): number {
    for (const task of this.all()) return task.counter;
    return this.#next;
  }

  #pageFor(counter: number): Page {
    const number = Math.floor(counter / PAGE_SIZE);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = { slots: new Array(PAGE_SIZE).fill(undefined), live: 0 };
      this.#pages.set(number, page);
    }
    return page;
  }
}
