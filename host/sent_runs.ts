/**
 * The runs that are in the pipe to one process, in the order in which they were sent. The first one is running.
 *
 * A few hundred at most. Used by `engine_feed.ts`.
 * @module
 */
import type { EngineRun } from "./engine_run.ts";

/** A run in the pipe. Times by the host's monotonic clock, ms. */
export interface SentRun {
  readonly run: EngineRun;
  readonly number: number;
  readonly bytes: number;
  /** When it became the first, or was sent as the first. */
  startedAtMs: number;
  abortedAtMs: number | null;
}

export class SentRuns {
  #runs: SentRun[] = [];
  #head = 0;
  #bytes = 0;

  get size(): number {
    return this.#runs.length - this.#head;
  }

  /** Bytes of their arguments. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): SentRun | null {
    return this.#runs[this.#head] ?? null;
  }

  push(run: EngineRun, number: number, bytes: number, nowMs: number): void {
    this.#runs.push({ run, number, bytes, startedAtMs: nowMs, abortedAtMs: null });
    this.#bytes += bytes;
  }

  shift(): SentRun | null {
    const first = this.first;
    if (first === null) return null;
    this.#bytes -= first.bytes;
    this.#head++;
    if (this.#head === this.#runs.length) {
      this.#runs = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#runs = this.#runs.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  find(run: EngineRun): SentRun | null {
    for (let index = this.#head; index < this.#runs.length; index++) {
      const sent = this.#runs[index];
      if (sent?.run === run) return sent;
    }
    return null;
  }

  /** All that have not begun. */
  behindFirst(): readonly SentRun[] {
    return this.#runs.slice(this.#head + 1);
  }
}
