/**
 * Aborts of tasks of other clients that are on their way: a controller may die with one, and its successor hears of the
 * tasks themselves only once their own client has come back.
 *
 *   `TaskAborts` → **ForeignAborts** → asks what became of them, and sends again what a new controller does not know yet
 *
 * A second abort of a task does no harm. Keeps ids for seconds only. Owned by `session.ts`.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { QuestionLink } from "./question_link.ts";

/** What it works with. */
export interface ForeignAbortsOptions {
  readonly clock: Clock;
  /** The way to the controller there is, behind what was sent before. Rejects where the client is closed. */
  readonly ask: () => Promise<QuestionLink>;
  /** Asks for the abort once more. */
  readonly send: (ids: readonly TaskId[]) => void;
}

const RETRY_MS = 500;
/** Clients find a new controller within seconds, or are gone with their tasks. */
const TRIES = 20;

/** Those of one client. */
export class ForeignAborts {
  readonly #options: ForeignAbortsOptions;
  /** Not known to have arrived, and how often each may be sent again to a controller that does not know it. */
  readonly #triesLeft = new Map<TaskId, number>();
  #timer: TimerHandle | null = null;
  #closed = false;

  constructor(options: ForeignAbortsOptions) {
    this.#options = options;
  }

  /** The abort of these was asked for. */
  add(ids: readonly TaskId[]): void {
    for (const id of ids) this.#triesLeft.set(id, 0);
    void this.#look();
  }

  /** There is another controller, which may never have heard of them. */
  renewed(): void {
    for (const id of this.#triesLeft.keys()) this.#triesLeft.set(id, TRIES);
    this.#sendAgain();
  }

  /** Nothing more is sent. */
  close(): void {
    this.#closed = true;
    this.#triesLeft.clear();
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #sendAgain(): void {
    if (this.#closed || this.#triesLeft.size === 0) return;
    this.#options.send([...this.#triesLeft.keys()]);
    void this.#look();
  }

  /** Where the controller knows a task, it had the abort before this question. */
  async #look(): Promise<void> {
    const ids = [...this.#triesLeft.keys()];
    try {
      const { scheduler } = await this.#options.ask();
      const words = await scheduler.statusOf(ids);
      ids.forEach((id, index) => this.#took(id, words[index] !== "unknown"));
    } catch {
      // No answer: the controller is gone, and the next one is asked; or the client is.
      return;
    }
    if (this.#triesLeft.size > 0) this.#lookLater();
  }

  #took(id: TaskId, known: boolean): void {
    const left = this.#triesLeft.get(id);
    if (left === undefined) return;
    if (known || left === 0) this.#triesLeft.delete(id);
    else this.#triesLeft.set(id, left - 1);
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#timer ??= this.#options.clock.setTimer(() => {
      this.#timer = null;
      this.#sendAgain();
    }, RETRY_MS);
  }
}
