/**
 * Time as a thing that is handed in, so that tests can turn it by hand.
 *
 * Everything outside the pure core that waits or measures takes a `Clock`; only compositions and the public entry
 * points name `systemClock`. Used by actors, host, client.
 * @module
 */

/** Handle of a timer that was set; give it back to `clearTimer`. */
export type TimerHandle = unknown;

/** What tells the time, and wakes. */
export interface Clock {
  /** Monotonic, ms, from an arbitrary start. */
  now(): number;
  /** Wall time, epoch ms. */
  wallTime(): number;
  /** Calls `fire` once after `delayMs`. */
  setTimer(fire: () => void, delayMs: number): TimerHandle;
  /** Takes a timer back; one that has fired is left alone. */
  clearTimer(handle: TimerHandle): void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer: (fire, delayMs) => setTimeout(fire, delayMs),
  clearTimer: (handle) => clearTimeout(handle as number),
};
