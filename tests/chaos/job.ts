/**
 * What a job of the mixed load has at hand, and how its tasks are followed.
 *
 * A job submits some tasks, and checks what comes of them; each of them is in the ledger. Implemented by `*_jobs.ts`, run
 * by `load.ts`.
 * @module
 */
import type { AsyncResult, Client, LoadBalancedView } from "../../mod.ts";
import type { Draw } from "./draw.ts";
import type { Ledger, TaskEnd, TaskEntry } from "./ledger.ts";
import type { Noted, NotePlace } from "./noted_task.ts";

/** What faults alone can make of a task. */
export const BY_FAULT = ["EngineError"] as const;

/** Sees to some tasks to their end. Rejects for nothing but a mistake of its own. */
export type Job = (work: JobWork) => Promise<void>;

/** Of one job. */
export class JobWork {
  /** Its number, from 0. */
  readonly number: number;
  readonly kind: string;
  /** Drawn from for this job alone, so that it is the same in each run of a seed. */
  readonly draw: Draw;
  readonly client: Client;
  readonly ledger: Ledger;
  readonly #clientNumber: number;
  readonly #notes: string;

  constructor(parts: {
    readonly number: number;
    readonly kind: string;
    readonly draw: Draw;
    readonly client: Client;
    readonly clientNumber: number;
    readonly ledger: Ledger;
    readonly notes: string;
  }) {
    this.number = parts.number;
    this.kind = parts.kind;
    this.draw = parts.draw;
    this.client = parts.client;
    this.#clientNumber = parts.clientNumber;
    this.ledger = parts.ledger;
    this.#notes = parts.notes;
  }

  get view(): LoadBalancedView {
    return this.client.loadBalancedView();
  }

  /** Where the task of this name notes its attempts. */
  place(name: string | number): NotePlace {
    return { file: this.#notes, id: `${this.number}.${name}` };
  }

  /** Follows a task to its end. */
  follow<T>(
    name: string | number,
    result: AsyncResult<Noted<T>>,
    rest: Partial<Pick<TaskEntry, "retries" | "mayFail">> = {},
  ): Promise<TaskEnd<T>> {
    const { retries = 0, mayFail = [] } = rest;
    return this.ledger.follow(this.#clientNumber, result, {
      id: `${this.number}.${name}`,
      kind: this.kind,
      retries,
      mayFail,
    });
  }

  /** Says so where a value is there that is not the one wanted. */
  check<T>(name: string | number, end: TaskEnd<T>, wanted: T): void {
    if (!end.ok) return;
    const [seen, right] = [JSON.stringify(end.noted.value), JSON.stringify(wanted)];
    if (seen !== right) this.wrong(name, `its value is ${seen}, and ${right} was wanted`);
  }

  wrong(name: string | number, text: string): void {
    this.ledger.wrong(`${this.number}.${name}`, text);
  }
}
