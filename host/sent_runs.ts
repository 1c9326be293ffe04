/**
 * The runs that are in the pipe to one process, in the order in which they were sent: as many as it has slots run, and
 * one more for each that lends its slot, the others wait behind them.
 *
 * The process begins them in the same order and by the same rule, so what it says of its slots keeps the two in step.
 * A few hundred at most. Used by `engine_feed.ts`.
 * @module
 */
import type { AttemptOutcome } from "../protocol/outcome.ts";
import type { EngineRun } from "./engine_run.ts";
import type { ShownSoFar } from "./shown_so_far.ts";

/** A run in the pipe. Times by the host's monotonic clock, ms. */
export interface SentRun {
  readonly run: EngineRun;
  readonly number: number;
  readonly bytes: number;
  running: boolean;
  /** It waits for tasks of its own, and another runs in its place. */
  lent: boolean;
  /** When a slot became free for it, or it was sent to a free one. */
  startedAtMs: number;
  abortedAtMs: number | null;
  /** The process was told to drop it if it has not begun. */
  dropAsked: boolean;
  /** What to make of it when the process ends: it was ended for this. */
  verdict: AttemptOutcome | null;
  /** What it has printed and published, where it has. */
  shown: ShownSoFar | null;
}

const NONE: readonly SentRun[] = [];

export class SentRuns {
  readonly #slots: number;
  /** In the order in which they began. */
  readonly #running: SentRun[] = [];
  #waiting: SentRun[] = [];
  #head = 0;
  #bytes = 0;
  #lent = 0;

  /** For a process that runs `slots` at a time. */
  constructor(slots: number) {
    this.#slots = slots;
  }

  get size(): number {
    return this.#running.length + this.#waiting.length - this.#head;
  }

  /** How many of those that run lend their slots. */
  get lent(): number {
    return this.#lent;
  }

  /** Bytes of their arguments. */
  get bytes(): number {
    return this.#bytes;
  }

  get running(): readonly SentRun[] {
    return this.#running;
  }

  /** All that have not begun. */
  get waiting(): readonly SentRun[] {
    return this.#waiting.slice(this.#head);
  }

  push(run: EngineRun, number: number, bytes: number, nowMs: number): SentRun {
    const sent: SentRun = {
      run,
      number,
      bytes,
      running: false,
      lent: false,
      startedAtMs: nowMs,
      abortedAtMs: null,
      dropAsked: false,
      verdict: null,
      shown: null,
    };
    run.state = "sent";
    this.#bytes += bytes;
    if (this.#hasSlot && this.#waiting.length === this.#head) this.#begin(sent, nowMs);
    else this.#waiting.push(sent);
    return sent;
  }

  /** Takes one out that is back. Gives those that begin in its place. */
  remove(sent: SentRun, nowMs: number): readonly SentRun[] {
    this.#bytes -= sent.bytes;
    if (!sent.running) {
      this.#waiting.splice(this.#waiting.indexOf(sent, this.#head), 1);
      return NONE;
    }
    this.#running.splice(this.#running.indexOf(sent), 1);
    if (sent.lent) this.#lent--;
    return this.#beginNext(nowMs);
  }

  /** One that runs lends its slot. Gives those that begin for it. */
  lend(sent: SentRun, nowMs: number): readonly SentRun[] {
    if (sent.lent) return NONE;
    sent.lent = true;
    this.#lent++;
    return this.#beginNext(nowMs);
  }

  /** It goes on. The process had begun so many by then: those that were counted besides wait again. */
  retake(sent: SentRun, begun: number): void {
    if (sent.lent) this.#lent--;
    sent.lent = false;
    const early = this.#running.splice(Math.max(begun, this.#running.indexOf(sent) + 1));
    for (const other of early) {
      other.running = false;
      if (other.run.state === "running") other.run.state = "sent";
    }
    if (early.length > 0) {
      this.#waiting = [...early, ...this.waiting];
      this.#head = 0;
    }
  }

  /** Takes out all, oldest first. */
  clear(): readonly SentRun[] {
    const all = [...this.#running, ...this.waiting];
    this.#running.length = 0;
    this.#waiting = [];
    this.#head = this.#bytes = this.#lent = 0;
    return all;
  }

  /** Of those that run. */
  findRunning(number: number): SentRun | null {
    return this.#running.find((sent) => sent.number === number) ?? null;
  }

  /** Of all. */
  find(matches: (sent: SentRun) => boolean): SentRun | null {
    return this.#running.find(matches) ?? this.waiting.find(matches) ?? null;
  }

  get #hasSlot(): boolean {
    return this.#running.length - this.#lent < this.#slots;
  }

  #beginNext(nowMs: number): readonly SentRun[] {
    const begun: SentRun[] = [];
    for (let next = this.#waiting[this.#head]; next !== undefined && this.#hasSlot; next = this.#waiting[this.#head]) {
      this.#skipHead();
      this.#begin(next, nowMs);
      begun.push(next);
    }
    return begun;
  }

  #begin(sent: SentRun, nowMs: number): void {
    sent.running = true;
    sent.startedAtMs = nowMs;
    // One that was aborted while it waited has been reported.
    if (sent.run.state === "sent") sent.run.state = "running";
    this.#running.push(sent);
  }

  #skipHead(): void {
    this.#head++;
    if (this.#head < this.#waiting.length && this.#head < 1024) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}
