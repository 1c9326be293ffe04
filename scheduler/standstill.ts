/**
 * Notices that this process stood still (stopped, or asleep with its machine) while a new life waits for its hosts.
 *
 * That time must not count: what hosts said meanwhile lies in the sockets, and would be read after the wait is over.
 * Owned by the scheduler's shell; ticks only as long as it is told to.
 * @module
 */

const TICK_MS = 200;
/** So late a tick is by standing still, and not by a busy turn. */
const LATE_MS = 1_000;

/** What the watch needs of the actor that owns it. */
export interface StandstillOutlet {
  /** Epoch ms, monotonic. */
  now(): number;
  after(delayMs: number, task: () => void): unknown;
  /** Nothing happened here for so long, from `at` on. */
  stoodStill(at: number, ms: number): void;
}

export class Standstill {
  readonly #outlet: StandstillOutlet;
  #ticks: number;
  #lastTick: number;

  /** Watches for so long, standstills not counted. */
  constructor(outlet: StandstillOutlet, forMs: number) {
    this.#outlet = outlet;
    this.#ticks = Math.ceil(forMs / TICK_MS) + 1;
    this.#lastTick = outlet.now();
    this.#tickLater();
  }

  /** Looks now: to be called before anything that happened since is taken in. */
  look(): void {
    const { now, stoodStill } = this.#outlet;
    const at = this.#lastTick;
    const ms = now() - at;
    if (this.#ticks === 0 || ms < LATE_MS) return;
    this.#lastTick = now();
    stoodStill(at, ms);
  }

  #tickLater(): void {
    if (this.#ticks === 0) return;
    this.#outlet.after(TICK_MS, () => {
      this.look();
      this.#lastTick = this.#outlet.now();
      this.#ticks--;
      this.#tickLater();
    });
  }
}
