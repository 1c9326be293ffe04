/**
 * What becomes of errors that nobody caught and rejections that nobody handled: they fail the task they belong to.
 *
 * As a thrown error, while it still runs; what a task that has ended left behind goes to the log. Where several tasks run
 * and none of them can be told to be the one, the engine ends: it may be that one of them waits for ever. Installed by
 * `main.ts`.
 * @module
 */
import type { TaskOwners } from "./task_owners.ts";
import type { TaskRun } from "./task_run.ts";

/** What is done about an error. */
export interface StrayErrorEvents {
  /** How many tasks run. */
  running(): number;
  /** The task failed with it, if it still runs; tells whether it did. */
  fail(run: TaskRun, error: unknown): boolean;
  log(text: string): void;
  /** The engine can't go on. */
  end(why: unknown): void;
}

export class StrayErrors {
  readonly #owners: TaskOwners;
  readonly #events: StrayErrorEvents;

  constructor(owners: TaskOwners, events: StrayErrorEvents) {
    this.#owners = owners;
    this.#events = events;
  }

  /** Listens to what the runtime tells of them. */
  watch(target: EventTarget): void {
    target.addEventListener("error", (event) => {
      event.preventDefault();
      this.uncaught((event as ErrorEvent).error);
    });
    target.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.unhandled((event as PromiseRejectionEvent).reason);
    });
  }

  /** A callback threw it. */
  uncaught(error: unknown): void {
    this.#assign(this.#owners.owner, error);
  }

  /**
   * A promise was rejected with it. Promises are traced: outside all scopes it can't be that of a task which has one, but
   * was left behind by an earlier one that had none.
   */
  unhandled(reason: unknown): void {
    const { owner, scope } = this.#owners;
    this.#assign(scope ?? (owner?.scoped === true ? null : owner), reason);
  }

  /** `run` threw it, as far as that is known. */
  of(run: TaskRun, error: unknown): void {
    if (!this.#events.fail(run, error)) this.#log(error);
  }

  #assign(run: TaskRun | null, error: unknown): void {
    const running = this.#events.running();
    if (run !== null) this.of(run, error);
    else if (this.#owners.only !== null || running === 0) this.#log(error);
    else {
      this.#events.log(`Uncaught ${describeError(error)}\n`);
      const which = running === 1
        ? "whether it is of the task that runs"
        : `of which of ${running} running tasks it is`;
      this.#events.end(new Error(`an error that nobody caught does not tell ${which}`));
    }
  }

  #log(error: unknown): void {
    this.#events.log(`After its task had ended: Uncaught ${describeError(error)}\n`);
  }
}

/** An error as the log shows it. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}
