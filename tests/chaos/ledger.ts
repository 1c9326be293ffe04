/**
 * The clients' side of the account: what was submitted, and what became of it.
 *
 * Keeps in memory what is unsettled, and writes the rest into a file, so that a long run does not fill the process whose
 * memory it watches. Read back by `account.ts`.
 * @module
 */
import type { AsyncResult } from "../../mod.ts";
import type { Noted } from "./noted_task.ts";

/** What is known of a task when it is submitted. */
export interface TaskEntry {
  /** Its name in notes: job and place in it. */
  readonly id: string;
  /** Of the job. */
  readonly kind: string;
  readonly retries: number;
  /** Names of errors it may end with, besides those that a fault brings. */
  readonly mayFail: readonly string[];
}

/** One line of the file. */
export type LedgerLine =
  | { readonly line: "submitted"; readonly at: number } & TaskEntry
  | {
    readonly line: "settled";
    readonly at: number;
    readonly id: string;
    readonly msgId: string;
    /** `null`: it has its value. */
    readonly error: string | null;
    /** What it says. */
    readonly text: string;
    readonly mark: string | null;
    readonly attempts: number;
  }
  | { readonly line: "wrong"; readonly id: string; readonly text: string };

/** A task that is not settled. */
export interface OpenTask {
  readonly entry: TaskEntry;
  readonly result: AsyncResult<unknown, boolean>;
  readonly client: number;
  readonly submittedAt: number;
}

/** How a task ended. */
export type TaskEnd<T> = { readonly ok: true; readonly noted: Noted<T> } | {
  readonly ok: false;
  readonly error: Error;
};

const FLUSH_LINES = 200;

export class Ledger implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #open = new Map<string, OpenTask>();
  #lines: string[] = [];
  #settled = 0;
  #sealed = false;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, append: true });
  }

  /** What is not settled, oldest first. */
  get open(): readonly OpenTask[] {
    return [...this.#open.values()];
  }

  get settled(): number {
    return this.#settled;
  }

  /** Notes a task, and waits for its end. Never rejects. */
  async follow<T>(client: number, result: AsyncResult<Noted<T>>, entry: TaskEntry): Promise<TaskEnd<T>> {
    const submittedAt = Date.now();
    this.#write({ line: "submitted", at: submittedAt, ...entry });
    this.#open.set(entry.id, { entry, result, client, submittedAt });
    let end: TaskEnd<T>;
    try {
      end = { ok: true, noted: await result };
    } catch (error) {
      end = { ok: false, error: error instanceof Error ? error : new Error(`no error: ${String(error)}`) };
    }
    this.#open.delete(entry.id);
    this.#settled++;
    const { msgId, attempts } = first(result.metadata);
    this.#write({
      line: "settled",
      at: Date.now(),
      id: entry.id,
      msgId,
      error: end.ok ? null : end.error.name,
      text: end.ok ? "" : end.error.message.slice(0, 300),
      mark: end.ok ? end.noted.mark : null,
      attempts,
    });
    return end;
  }

  /** What comes from now on is not noted: the clients are about to be closed. */
  seal(): void {
    this.flush();
    this.#sealed = true;
  }

  /** What came is not what must come. */
  wrong(id: string, text: string): void {
    this.#write({ line: "wrong", id, text });
  }

  /** All that was noted until now is in the file. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = new TextEncoder().encode(this.#lines.join(""));
    this.#lines = [];
    for (let written = 0; written < bytes.length;) written += this.#file.writeSync(bytes.subarray(written));
  }

  [Symbol.dispose](): void {
    this.flush();
    this.#file.close();
  }

  #write(line: LedgerLine): void {
    if (this.#sealed) return;
    this.#lines.push(`${JSON.stringify(line)}\n`);
    if (this.#lines.length >= FLUSH_LINES) this.flush();
  }
}

function first<T>(one: T | readonly T[]): T {
  return Array.isArray(one) ? one[0] : one as T;
}
