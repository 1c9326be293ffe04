/**
 * What is to happen by itself at some time: an agenda, not a timer. Who asks is told what is due.
 *
 * Holds no clock. `on_time.ts` takes what is due at the start of each step; `step` turns the next time into a `wake`.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import { IndexedHeap } from "./indexed_heap.ts";
import type { Orphan } from "./orphan.ts";
import type { SessionRecord } from "./session_record.ts";
import type { TaskRecord } from "./task_record.ts";

/** What becomes due. */
export type TimerPurpose =
  | { readonly kind: "deadline"; readonly task: TaskRecord }
  | { readonly kind: "pause"; readonly task: TaskRecord }
  | { readonly kind: "overdue-reports"; readonly engine: EngineRecord }
  | { readonly kind: "unclaimed"; readonly orphan: Orphan }
  | { readonly kind: "call-back" }
  | { readonly kind: "abandoned-batch"; readonly session: SessionRecord }
  | { readonly kind: "grace" };

/** One thing that is to happen; back in hand to clear it. */
export class Timer {
  readonly at: number;
  /** Order of being set: breaks ties. */
  readonly sequence: number;
  readonly purpose: TimerPurpose;
  heapIndex = -1;

  constructor(at: number, sequence: number, purpose: TimerPurpose) {
    this.at = at;
    this.sequence = sequence;
    this.purpose = purpose;
  }
}

/** What is due when, the earliest first. */
export class Timers {
  readonly #heap = new IndexedHeap<Timer>((a, b) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
  #sequence = 0;

  /** The earliest time at which something is due; `Infinity`: nothing is set. */
  get nextAt(): number {
    return this.#heap.first?.at ?? Infinity;
  }

  get size(): number {
    return this.#heap.size;
  }

  set(at: number, purpose: TimerPurpose): Timer {
    const timer = new Timer(at, this.#sequence++, purpose);
    this.#heap.push(timer);
    return timer;
  }

  /** Does nothing for one that is due or cleared already. */
  clear(timer: Timer): void {
    if (timer.heapIndex >= 0) this.#heap.remove(timer);
  }

  /** Takes the first that is due at `now`, if any. */
  takeDue(now: number): Timer | null {
    const timer = this.#heap.first;
    if (timer === null || timer.at > now) return null;
    this.#heap.remove(timer);
    return timer;
  }

  /** In the order in which they were set, so that setting them again keeps ties as they are. */
  inOrder(): readonly Timer[] {
    return [...this.#heap.members].sort((a, b) => a.sequence - b.sequence);
  }
}
