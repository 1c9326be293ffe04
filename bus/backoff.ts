/**
 * Pauses between attempts to reconnect: they double up to a bound, and spread so that not all come back at once.
 *
 * Pure but for the generator it is given. A pause stays the same until the next attempt, however often it is asked for,
 * since the NATS client asks many times in one pause.
 * @module
 */

/** At most this part of a pause is left out. */
const JITTER = 0.5;

/** All of it is required: defaults are the caller's. */
export interface BackoffOptions {
  /** The first pause. */
  readonly initialMs: number;
  /** The longest one. */
  readonly maxMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** The pauses of one connection. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;
  #pauseMs: number;

  /** At the first pause. */
  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#pauseMs = this.#draw();
  }

  /** Before the next attempt. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  /** An attempt was made: the next pause is longer. */
  attempted(): void {
    this.#attempts++;
    this.#pauseMs = this.#draw();
  }

  /** One succeeded: back to the first pause. */
  reset(): void {
    this.#attempts = 0;
    this.#pauseMs = this.#draw();
  }

  #draw(): number {
    const { initialMs, maxMs, random } = this.#options;
    const pauseMs = Math.min(initialMs * 2 ** this.#attempts, maxMs);
    return Math.round(pauseMs * (1 - JITTER * random()));
  }
}
