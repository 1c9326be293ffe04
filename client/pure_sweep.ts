/**
 * Ticks once a second while there is something to watch, and only counts seconds in which news could come in.
 *
 * A second in which the connection was away, or in which the program blocked its own thread, proves nothing about
 * others. Used by `pure_tasks.ts`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";

/** Between two ticks, ms. */
export const TICK_MS = 1_000;
/** A tick that comes later than this was held up here. */
const LATE_MS = 1.5 * TICK_MS;

/** What it works with. */
export interface PureSweepOptions {
  readonly clock: Clock;
  /** Whether there is anything to watch. */
  readonly wanted: () => boolean;
  readonly connected: () => boolean;
  /** `counts`: the whole second before was one in which news could come in. */
  readonly tick: (counts: boolean) => void;
}

/** One timer for all tasks of a client. */
export class PureSweep {
  readonly #options: PureSweepOptions;
  #timer: TimerHandle | null = null;
  #setAtMs = 0;
  #disturbed = false;

  constructor(options: PureSweepOptions) {
    this.#options = options;
  }

  /** Something may be there to be watched. */
  start(): void {
    const { clock, wanted } = this.#options;
    if (this.#timer !== null || !wanted()) return;
    this.#setAtMs = clock.now();
    this.#disturbed = false;
    this.#timer = clock.setTimer(() => this.#fire(), TICK_MS);
  }

  /** The connection went away or came back within this second. */
  disturb(): void {
    this.#disturbed = true;
  }

  stop(): void {
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #fire(): void {
    const { clock, connected, tick } = this.#options;
    this.#timer = null;
    const late = clock.now() - this.#setAtMs > LATE_MS;
    tick(!late && !this.#disturbed && connected());
    this.start();
  }
}
