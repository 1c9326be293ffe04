/**
 * One task in an engine, from its arrival to its end, and the lists in which it stands.
 *
 * Data and links only. Lists are threaded through the runs themselves and use nothing built in: tasks may have patched
 * `Array.prototype` and `Map.prototype`. Made and moved by the task runner.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { RunMessage } from "../protocol/pipe_messages.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import type { TaskFactory } from "./compile.ts";
import type { CurrentTask } from "./current_task.ts";
import type { TaskClient } from "./engine_client.ts";
import type { TaskPrint } from "./task_print.ts";

/** A function that tasks share. Compiled by its first task. */
export interface Template {
  readonly code: ContentHash;
  readonly name: string;
  readonly source: string;
  readonly captures: Uint8Array | null;
  /** What it may load; absent: nothing. */
  readonly modules?: readonly ContentHash[];
  factory: TaskFactory | null;
  /** It is known to return promises. */
  waits: boolean;
  /** Its code names a client: the task may ask for one. */
  readonly namesClient?: boolean;
  readonly priority?: number;
}

export class TaskRun {
  readonly message: RunMessage;
  readonly template: Template;
  /** Let go as soon as they are decoded: they may be big. */
  args: EncodedValue;
  /** The results of other tasks that stand in them. */
  inputs: readonly EncodedValue[];
  state: "queued" | "running" | "ended" = "queued";
  /** What it does later, after awaits and in callbacks, is known to be its. */
  scoped = false;
  startedMs = 0;
  /** It waits for tasks of its own: another one may run in its place. */
  lent = false;
  /** How it submits tasks itself; made when it first does. */
  client: TaskClient | null = null;
  current: CurrentTask | null = null;
  /** Made at its first line. */
  print: TaskPrint | null = null;
  /** For `LiveNews` alone: what of it has not left yet. */
  news: object | null = null;
  /** For `TaskRunList` alone. */
  previous: TaskRun | null = null;
  next: TaskRun | null = null;

  constructor(message: RunMessage, template: Template, args: EncodedValue, inputs: readonly EncodedValue[] = []) {
    this.message = message;
    this.template = template;
    this.args = args;
    this.inputs = inputs;
  }

  get number(): number {
    return this.message[0];
  }
}

/** Runs in order, each of them removable. A run stands in one list at a time. */
export class TaskRunList {
  #first: TaskRun | null = null;
  #last: TaskRun | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): TaskRun | null {
    return this.#first;
  }

  push(run: TaskRun): void {
    run.previous = this.#last;
    run.next = null;
    if (this.#last === null) this.#first = run;
    else this.#last.next = run;
    this.#last = run;
    this.#size++;
  }

  remove(run: TaskRun): void {
    if (run.previous === null) this.#first = run.next;
    else run.previous.next = run.next;
    if (run.next === null) this.#last = run.previous;
    else run.next.previous = run.previous;
    run.previous = run.next = null;
    this.#size--;
  }

  find(number: number): TaskRun | null {
    for (let run = this.#first; run !== null; run = run.next) if (run.number === number) return run;
    return null;
  }
}
