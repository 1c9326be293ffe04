/**
 * How much a client has sent somewhere that is not settled: what bounds the memory of who got it.
 *
 * Counts, and says when it is enough; whoever sends waits then. Used by the queues of balanced and of direct tasks.
 * @module
 */

/** How much is enough. */
export interface InFlightBounds {
  readonly bytes: number;
  readonly tasks: number;
}

/** Tasks under way from one client to one receiver. */
export class InFlight {
  readonly #bounds: InFlightBounds;
  readonly #sizes = new Map<number, number>();
  #bytes = 0;
  #waits = false;

  constructor(bounds: InFlightBounds) {
    this.#bounds = bounds;
  }

  /** Nothing more is to go out. One message may go past the bounds, so that each gets through. */
  get full(): boolean {
    if (this.#bytes >= this.#bounds.bytes || this.#sizes.size >= this.#bounds.tasks) this.#waits = true;
    return this.#waits;
  }

  /** A task was sent, with so many bytes of arguments. */
  add(counter: number, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(counter) ?? 0);
    this.#sizes.set(counter, bytes);
  }

  /** A task is settled, or was never counted. True: whoever waited may go on, since half of the room is free. */
  remove(counter: number): boolean {
    const bytes = this.#sizes.get(counter);
    if (bytes === undefined) return false;
    this.#sizes.delete(counter);
    this.#bytes -= bytes;
    if (!this.#waits || 2 * this.#bytes > this.#bounds.bytes || 2 * this.#sizes.size > this.#bounds.tasks) return false;
    this.#waits = false;
    return true;
  }

  /** The receiver is another one, which has nothing. */
  clear(): void {
    this.#sizes.clear();
    this.#bytes = 0;
    this.#waits = false;
  }
}
