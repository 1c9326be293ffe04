/**
 * What a task can ask about itself while it runs, and the ground on which the exported `currentTask()` stands.
 *
 * The engine puts the running task under a registered symbol, where every copy of the library finds it. Nothing of the
 * pipe is reachable from here but publishing. Used by the task runner.
 * @module
 */
import type { EngineId, TaskId } from "../protocol/ids.ts";

/** How a running task reaches its client. */
export interface TaskNews {
  publish(data: unknown): void;
  progress(fraction: number, text: string | null): void;
}

/** What a task finds on its engine. */
export interface TaskPlace {
  /** Throws where it can't be had at once. */
  client(): object;
  /** Rejects with `ConnectionError` where it can't be had. */
  connect(): Promise<object>;
  /** What the initializer of the engine returned. */
  state(): unknown;
}

/** The task that runs now. */
export class CurrentTask {
  /** The task's id. */
  readonly msgId: TaskId;
  /** The engine it runs on. */
  readonly engineId: EngineId;
  /** Counts from 1. */
  readonly attempt: number;
  readonly #news: TaskNews;
  readonly #place: TaskPlace;
  #abort: AbortController | null = null;
  #abortReason: Error | null = null;

  constructor(msgId: TaskId, engineId: EngineId, attempt: number, news: TaskNews, place: TaskPlace) {
    this.msgId = msgId;
    this.engineId = engineId;
    this.attempt = attempt;
    this.#news = news;
    this.#place = place;
  }

  /** Submits tasks from inside this one. */
  get client(): object {
    return this.#place.client();
  }

  /** The same where the task's own function does not name it. */
  connect(): Promise<object> {
    return this.#place.connect();
  }

  /** What the initializer of this engine returned. */
  get state(): unknown {
    return this.#place.state();
  }

  /** Fires when the task is to end. Made at first use: most tasks never ask. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#abortReason !== null) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  /** Sets `metadata.data` at the client while the task runs. Throws `RangeError` above 64 KB, `SerializationError`. */
  publish(data: unknown): void {
    this.#news.publish(data);
  }

  /** How far it is, 0 to 1, with a few words. */
  progress(fraction: number, text?: string): void {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new RangeError(`Cannot report progress "${String(fraction)}": it is a number from 0 to 1`);
    }
    this.#news.progress(fraction, text ?? null);
  }

  /** For the runner: fires the signal of `task`. */
  static abort(task: CurrentTask, reason: Error): void {
    task.#abortReason = reason;
    task.#abort?.abort(reason);
  }
}
