/**
 * A clock that tests turn by hand: nothing happens until `advance` or `run`, and then in order of time.
 *
 * Part of the published test kit. Knows nothing of what its timers do; never looks at the machine's clock.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";

interface FakeTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  cleared: boolean;
}

/**
 * A `Clock` under a test's control.
 *
 * @example
 * ```ts
 * import { FakeClock } from "./fake_clock.ts";
 *
 * const clock = new FakeClock();
 * clock.setTimer(() => console.log("a second later"), 1_000);
 * clock.advance(1_000);
 * ```
 */
export class FakeClock implements Clock {
  readonly #epochMs: number;
  #nowMs = 0;
  #order = 0;
  /** A heap by due time, then by order of setting. */
  readonly #heap: FakeTimer[] = [];
  #pending = 0;

  /** Starts at 0 ms; `epochMs` is what `wallTime` says then. */
  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs;
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#pending;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#epochMs + this.#nowMs;
  }

  setTimer(fire: () => void, delayMs: number): TimerHandle {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order += 1, fire, cleared: false };
    this.#push(timer);
    this.#pending += 1;
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as FakeTimer;
    if (timer.cleared) return;
    timer.cleared = true;
    this.#pending -= 1;
  }

  /** Lets `ms` pass; timers fire when they are due. What they promise is left to the caller's next `await`. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#fireNext(endMs));
    this.#nowMs = endMs;
  }

  /** The same, with all microtasks done after each timer, as an event loop does. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await drainMicrotasks();
    while (this.#fireNext(endMs)) await drainMicrotasks();
    this.#nowMs = endMs;
  }

  /** Time passes while nothing can run (a blocked event loop, a suspended machine): timers that got due fire late. */
  stall(ms: number): void {
    const endMs = this.#nowMs + ms;
    const late = [];
    for (let timer = this.#popDue(endMs); timer !== null; timer = this.#popDue(endMs)) late.push(timer);
    this.#nowMs = endMs;
    for (const timer of late) this.#fire(timer);
  }

  #fireNext(endMs: number): boolean {
    const timer = this.#popDue(endMs);
    if (timer === null) return false;
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    this.#fire(timer);
    return true;
  }

  #fire(timer: FakeTimer): void {
    if (timer.cleared) return;
    this.clearTimer(timer);
    timer.fire();
  }

  #popDue(endMs: number): FakeTimer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || (first.dueMs > endMs && !first.cleared)) return null;
      this.#popFirst();
      if (!first.cleared) return first;
    }
  }

  #push(timer: FakeTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(timer, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = timer;
  }

  #popFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[at * 2 + 1];
      const right = heap[at * 2 + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = at * 2 + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(a: FakeTimer, b: FakeTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** A few rounds: what a microtask queues runs in the next one. */
async function drainMicrotasks(): Promise<void> {
  for (let round = 0; round < 4; round++) await null;
}
