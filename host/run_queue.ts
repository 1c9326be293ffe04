/**
 * The runs that wait for one engine, first in, first out, any of them removable at once.
 *
 * A list threaded through the runs themselves: nothing is searched or moved, however long it is. Used by `engine_seat.ts`.
 * @module
 */
import type { EngineRun } from "./engine_run.ts";

export class RunQueue {
  #first: EngineRun | null = null;
  #last: EngineRun | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest, which stays. */
  get first(): EngineRun | null {
    return this.#first;
  }

  push(run: EngineRun): void {
    if (run.queue !== null) throw new RangeError(`Cannot queue task "${run.task}": it is in a queue already`);
    run.queue = this;
    run.previous = this.#last;
    run.next = null;
    if (this.#last === null) this.#first = run;
    else this.#last.next = run;
    this.#last = run;
    this.#size++;
  }

  /** Puts one back to where it was taken from: it is the oldest again. */
  unshift(run: EngineRun): void {
    if (run.queue !== null) throw new RangeError(`Cannot queue task "${run.task}": it is in a queue already`);
    run.queue = this;
    run.previous = null;
    run.next = this.#first;
    if (this.#first === null) this.#last = run;
    else this.#first.previous = run;
    this.#first = run;
    this.#size++;
  }

  /** Whether it was in here. */
  remove(run: EngineRun): boolean {
    if (run.queue !== this) return false;
    if (run.previous === null) this.#first = run.next;
    else run.previous.next = run.next;
    if (run.next === null) this.#last = run.previous;
    else run.next.previous = run.previous;
    run.queue = run.previous = run.next = null;
    this.#size--;
    return true;
  }

  /** Takes out all that `matches`, oldest first. */
  removeAll(matches: (run: EngineRun) => boolean = () => true): EngineRun[] {
    const removed: EngineRun[] = [];
    for (let run = this.#first; run !== null;) {
      const next: EngineRun | null = run.next;
      if (matches(run)) {
        this.remove(run);
        removed.push(run);
      }
      run = next;
    }
    return removed;
  }
}
