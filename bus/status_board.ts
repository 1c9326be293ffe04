/**
 * The status of one connection and those who want to know of changes: the same bookkeeping for every adapter.
 * @module
 */
import type { BusStatus } from "./bus.ts";

type StatusListener = (status: BusStatus, cause?: Error) => void;

/** Starts as `connected`; `closed` is the end. */
export class StatusBoard {
  /** Resolves with the error that closed the connection, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #resolveClosed: (cause: Error | undefined) => void;
  readonly #listeners = new Set<StatusListener>();
  readonly #onError: (error: Error) => void;
  #status: BusStatus = "connected";
  #cause: Error | undefined;

  /** `onError` hears of listeners that throw. */
  constructor(onError: (error: Error) => void) {
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#onError = onError;
  }

  /** What was last set. */
  get status(): BusStatus {
    return this.#status;
  }

  /** Why it is not connected, if an error is known. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** Calls back on each change; the result takes the callback away. */
  listen(listener: StatusListener): () => void {
    // One more function around it, so that the same listener given twice is held and taken away twice.
    const own: StatusListener = (status, cause) => listener(status, cause);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Tells all listeners, unless nothing changes. */
  set(status: BusStatus, cause?: Error): void {
    if (status === this.#status || this.#status === "closed") return;
    this.#status = status;
    this.#cause = cause;
    for (const listener of [...this.#listeners]) this.#tell(listener, status, cause);
    if (status === "closed") this.#resolveClosed(cause);
  }

  #tell(listener: StatusListener, status: BusStatus, cause: Error | undefined): void {
    try {
      listener(status, cause);
    } catch (error) {
      this.#onError(asError(error));
    }
  }
}

/** What was thrown, as an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
