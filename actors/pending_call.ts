/**
 * The caller's side of one call: settles once, by the reply, the time-out, the signal or the end of the receiver.
 *
 * Knows neither mailboxes nor links. Made by the routes, which hand `settle` to whoever will have the reply.
 * @module
 */
import type { Clock, TimerHandle } from "../wire/clock.ts";
import { TimeoutError } from "../wire/errors.ts";
import type { CallOptions } from "./ref.ts";

/** ms. */
const DEFAULT_CALL_TIMEOUT_MS = 5_000;

export class PendingCall {
  readonly promise: Promise<unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #what: () => string;
  readonly #signal: AbortSignal | undefined;
  #timer: TimerHandle | undefined;
  #settled = false;
  #onSettled: (() => void) | null = null;

  /** `what` names the call for people: `"add" on "counter@node.a1"`. */
  constructor(what: () => string, options: CallOptions, clock: Clock) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#clock = clock;
    this.#what = what;
    this.#signal = options.signal;
    const timeoutMs = options.timeout ?? DEFAULT_CALL_TIMEOUT_MS;
    if (timeoutMs !== Infinity) this.#timer = clock.setTimer(() => this.#timedOut(timeoutMs), timeoutMs);
    if (this.#signal?.aborted) this.#abort();
    else this.#signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Called once, when the call is over for whatever reason: at once if it is already. */
  whenSettled(callback: () => void): void {
    if (this.#settled) callback();
    else this.#onSettled = callback;
  }

  resolve(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  readonly #abort = (): void => this.reject(this.#signal?.reason);

  #timedOut(timeoutMs: number): void {
    this.reject(
      new TimeoutError(
        `Stopped waiting for ${this.#what()}: no reply within ${timeoutMs} ms; if it needs longer, pass { timeout } as the last argument`,
      ),
    );
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onSettled?.();
    return true;
  }
}
