/**
 * Hands out what was queued, in order, in a microtask of its own: one for all that is queued, never inside a `push`.
 *
 * The hot path of every message that stays in its process. After a number of entries timers and sockets get a turn,
 * also when two connections answer each other for ever. `handle` must not throw.
 * @module
 */
import { setImmediate } from "node:timers";

const ENTRIES_PER_TURN = 1_000;
/** So long may entries hold the thread, looked at every few of them: one may be a frame of a megabyte. */
const HOLD_MS = 8;
const ENTRIES_PER_LOOK = 16;
const COMPACT_FROM = 4_096;

/** A queue with one consumer. */
export class DeliveryQueue<Entry> {
  readonly #handle: (entry: Entry) => void;
  #entries: Entry[] = [];
  #head = 0;
  #scheduled = false;
  #sinceTurn = 0;

  /** `handle` must not throw. */
  constructor(handle: (entry: Entry) => void) {
    this.#handle = handle;
  }

  /** Entries that have not been handled. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** Queues; returns before anything is handled. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    if (!this.#scheduled) this.#schedule();
  }

  /** Empties the queue and gives what was in it. */
  clear(): Entry[] {
    const dropped = this.#entries.slice(this.#head);
    this.#entries = [];
    this.#head = 0;
    return dropped;
  }

  #schedule(): void {
    this.#scheduled = true;
    if (this.#sinceTurn < ENTRIES_PER_TURN) return queueMicrotask(this.#handOut);
    this.#sinceTurn = 0;
    setImmediate(this.#handOut);
  }

  readonly #handOut = (): void => {
    const startedAt = performance.now();
    while (this.#head < this.#entries.length && this.#sinceTurn < ENTRIES_PER_TURN) {
      const entry = this.#entries[this.#head++] as Entry;
      this.#sinceTurn++;
      this.#handle(entry);
      if (this.#head % ENTRIES_PER_LOOK === 0 && performance.now() - startedAt > HOLD_MS) {
        this.#sinceTurn = ENTRIES_PER_TURN;
      }
    }
    this.#compact();
    this.#scheduled = false;
    if (this.length > 0) this.#schedule();
  };

  /** Handled entries must not be held, and not be moved once for each turn either. */
  #compact(): void {
    if (this.length === 0) {
      this.#entries = [];
    } else if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
    } else {
      return;
    }
    this.#head = 0;
  }
}
