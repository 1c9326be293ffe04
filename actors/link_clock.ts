/**
 * The clock by which peers are judged: it runs only while the judge itself is connected and on time.
 *
 * Time in which our bus was away does not count, nor does the lateness of our own ticks, nor time in which we were
 * behind with what came in: a blocked event loop, a flood of messages, a suspended laptop or a broker that was restarted
 * kills nobody. Pure: told what time it is by `node.ts`, which owns the timer.
 * @module
 */
/** Time as it counts against silent peers. */
export class LinkClock {
  readonly #tickMs: number;
  #countedMs = 0;
  #lastTickMs: number;
  #heldUntilMs: number;
  #connected: boolean;

  /** Expects a tick every `tickMs`. */
  constructor(nowMs: number, tickMs: number, connected: boolean) {
    this.#tickMs = tickMs;
    this.#lastTickMs = nowMs;
    this.#heldUntilMs = nowMs;
    this.#connected = connected;
  }

  /** What counted so far, ms. Moves at ticks only. */
  get countedMs(): number {
    return this.#countedMs;
  }

  /**
   * A tick came. However late it is, one interval counts; none while away or in the time of grace, and none unless we
   * are up to date with what came in.
   */
  tick(nowMs: number, upToDate: boolean): void {
    const from = Math.max(this.#lastTickMs, this.#heldUntilMs);
    this.#lastTickMs = nowMs;
    if (this.#connected && upToDate && nowMs > from) this.#countedMs += Math.min(nowMs - from, this.#tickMs);
  }

  /** The bus went away: nothing counts from here, nor what led to it since the last tick. */
  stop(): void {
    this.#connected = false;
  }

  /** The bus is back; peers get `graceMs` to come back too. */
  resume(nowMs: number, graceMs: number): void {
    this.#connected = true;
    this.#heldUntilMs = nowMs + graceMs;
  }
}
