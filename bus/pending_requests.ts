/**
 * Requests that wait for their answer: reply subjects, time-outs, abort signals.
 *
 * Sends nothing itself: each adapter subscribes to `pattern`, hands what arrives there to `settle`, and publishes in the
 * function it gives to `run`. So a request ends in the same way on every adapter.
 * @module
 */
import type { BusMessage, RequestOptions } from "./bus.ts";
import { NoRespondersError, TimeoutError } from "../wire/errors.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";

const DEFAULT_TIMEOUT_MS = 5_000;
const ID_BYTES = 12;

interface PendingRequest {
  readonly subject: string;
  readonly resolve: (answer: BusMessage) => void;
  readonly reject: (reason: unknown) => void;
  readonly timer: TimerHandle;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** The requests of one connection. */
export class PendingRequests {
  /** Where the answers arrive: one subscription for all requests. */
  readonly pattern: string;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #pending = new Map<string, PendingRequest>();
  #counter = 0;

  /** `inboxPrefix` without a dot at its end. */
  constructor(inboxPrefix: string, clock: Clock) {
    this.#prefix = `${inboxPrefix}.${drawId()}.`;
    this.pattern = `${this.#prefix}*`;
    this.#clock = clock;
  }

  /** Requests without an answer. */
  get size(): number {
    return this.#pending.size;
  }

  /** Lets `send` publish with the reply subject, and waits for the first answer to it. What `send` throws rejects. */
  run(subject: string, options: RequestOptions, send: (reply: string) => void): Promise<BusMessage> {
    const { signal, timeout = DEFAULT_TIMEOUT_MS } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const reply = this.#prefix + (this.#counter++).toString(36);
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#take(reply)?.reject(signal?.reason);
      const timer = this.#clock.setTimer(() => this.#take(reply)?.reject(timedOut(subject, timeout)), timeout);
      this.#pending.set(reply, { subject, resolve, reject, timer, signal, onAbort });
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        send(reply);
      } catch (error) {
        this.#take(reply)?.reject(error);
      }
    });
  }

  /** An answer arrived on a subject of `pattern`; one that nobody waits for any more is dropped. */
  settle(message: BusMessage): void {
    this.#take(message.subject)?.resolve(message);
  }

  /** Nobody listens to the subject of the request with this reply subject. */
  refuse(reply: string): void {
    const pending = this.#take(reply);
    if (pending === undefined) return;
    pending.reject(
      new NoRespondersError(`Cannot request "${pending.subject}": nobody listens there; start what answers it first.`),
    );
  }

  /** Rejects those that were sent to this subject: the server said why nothing will come of them. */
  failSubject(subject: string, error: Error): void {
    for (const [reply, pending] of [...this.#pending]) {
      if (pending.subject === subject) this.#take(reply)?.reject(error);
    }
  }

  /** Rejects all of them. */
  failAll(error: Error): void {
    for (const reply of [...this.#pending.keys()]) this.#take(reply)?.reject(error);
  }

  #take(reply: string): PendingRequest | undefined {
    const pending = this.#pending.get(reply);
    if (pending === undefined) return undefined;
    this.#pending.delete(reply);
    this.#clock.clearTimer(pending.timer);
    pending.signal?.removeEventListener("abort", pending.onAbort);
    return pending;
  }
}

function timedOut(subject: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    `Cannot wait longer for an answer from "${subject}": none came within ${timeoutMs} ms; pass a larger "timeout".`,
  );
}

function drawId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_BYTES)), (byte) => (byte % 36).toString(36)).join("");
}
