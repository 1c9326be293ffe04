/**
 * Finds an idle process that has stopped: asks it every heartbeat, and counts the beats without an answer.
 *
 * Counts beats and not time, so a machine that slept accuses nobody. A ping goes out only while the process is idle, and
 * so it has to be answered before any task that is sent after it. Used by `engine_seat.ts`.
 * @module
 */

/** So many beats in a row without an answer. */
export const MISSED_BEATS = 3;

export class PingWatch {
  readonly #ask: (token: number) => void;
  readonly #fail: (why: string) => void;
  #token = 0;
  #pending = false;
  #missed = 0;

  constructor(ask: (token: number) => void, fail: (why: string) => void) {
    this.#ask = ask;
    this.#fail = fail;
  }

  /** One beat. */
  tick(idle: boolean): void {
    if (this.#pending) {
      this.#missed++;
      if (this.#missed === MISSED_BEATS) this.#fail(`its idle process did not answer for ${MISSED_BEATS} heartbeats`);
    } else if (idle) {
      this.#pending = true;
      this.#missed = 0;
      this.#ask(++this.#token);
    }
  }

  answered(token: number): void {
    if (token === this.#token) this.#pending = false;
  }
}
