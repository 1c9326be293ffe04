/**
 * Notices a connection that is dead though nobody says so: a node that publishes a word to itself and hears nothing.
 *
 * A server that hangs, or a way to it that swallows everything, leaves the socket open: the official client takes half a
 * minute to see it, and peers on other servers give this node up after three heartbeats. Pure: told by `node.ts`, which has
 * the connection renewed.
 * @module
 */

/** So many intervals in a row without a word: short enough to be back before peers judge. */
const DEAF_TICKS = 2;
/** An interval longer than so many of its kind says more of this process than of the connection. */
const LATE_TICKS = 1.6;

export class DeafWatch {
  readonly #tickMs: number;
  #lastTickMs: number;
  #asked = false;
  #heard = false;
  #deafTicks = 0;

  /** Expects a tick every `tickMs`. */
  constructor(nowMs: number, tickMs: number) {
    this.#tickMs = tickMs;
    this.#lastTickMs = nowMs;
  }

  /** Something came in. */
  heard(): void {
    this.#heard = true;
  }

  /** A word was published that is to come back; `false`: none was. */
  asked(asked: boolean): void {
    this.#asked = asked;
    if (!asked) this.#deafTicks = 0;
  }

  /** An interval is over. Whether the connection is dead. */
  tick(nowMs: number): boolean {
    const late = nowMs - this.#lastTickMs > this.#tickMs * LATE_TICKS;
    const deaf = this.#asked && !this.#heard && !late;
    this.#lastTickMs = nowMs;
    this.#heard = false;
    this.#deafTicks = deaf ? this.#deafTicks + 1 : 0;
    if (this.#deafTicks < DEAF_TICKS) return false;
    this.#deafTicks = 0;
    return true;
  }
}
