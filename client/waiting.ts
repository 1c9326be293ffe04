/**
 * Waiting for jobs with a time limit and a signal, on a clock that tests can turn.
 *
 * What is waited for is never changed by it. Called by `AsyncResult` and `Client`.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";

/** What every method that waits takes. */
export interface WaitOptions {
  /** ms; without it, for ever. */
  readonly timeout?: number;
  /** Ends the waiting alone, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Their names. */
export const WAIT_OPTIONS: readonly string[] = ["timeout", "signal"];

/** Calls back once it happens, at once where it has; the result takes the callback away. */
export type Subscribe = (callback: () => void) => () => void;

/** Whether it happened in time. Rejects with the signal's reason, `TypeError` or `RangeError` for bad options. */
export function happensInTime(subscribe: Subscribe, options: WaitOptions, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    const timeoutMs = checkTimeout(options.timeout);
    if (signal?.aborted) return reject(signal.reason);
    let timer: TimerHandle = null;
    let unsubscribe = () => {};
    let over = false;
    const end = (finish: () => void) => {
      over = true;
      if (timer !== null) clock.clearTimer(timer);
      signal?.removeEventListener("abort", onAbort);
      unsubscribe();
      finish();
    };
    const onAbort = () => end(() => reject(signal?.reason));
    unsubscribe = subscribe(() => end(() => resolve(true)));
    if (over) return;
    signal?.addEventListener("abort", onAbort, { once: true });
    if (timeoutMs !== Infinity) timer = clock.setTimer(() => end(() => resolve(false)), timeoutMs);
  });
}

/** What the promise comes to, or the signal's reason as soon as it is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function checkTimeout(timeout: number | undefined): number {
  if (timeout === undefined) return Infinity;
  if (typeof timeout !== "number") {
    throw new TypeError(`Cannot wait for ${String(timeout)}: timeout is a number of ms.`);
  }
  if (Number.isNaN(timeout) || timeout < 0) {
    throw new RangeError(`Cannot wait for ${timeout} ms: timeout is a number of ms from 0 up.`);
  }
  return timeout;
}
