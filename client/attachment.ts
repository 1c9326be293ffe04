/**
 * Introducing a client to a controller that may be on its way up: tries until one answers, or the time is over.
 *
 * Versions that do not fit and refused credentials end it at once. Called by `session.ts`.
 * @module
 */
import type { ClientHello, ClientWelcome } from "../protocol/messages.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { asError } from "../wire/as_error.ts";
import type { Clock } from "../wire/clock.ts";
import { AuthorizationError, ConnectionError, VersionMismatch } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import type { SchedulerLink } from "./scheduler_link.ts";
import { happensInTime, type Subscribe } from "./waiting.ts";

/** What it works with. */
export interface AttachmentOptions {
  readonly link: Pick<SchedulerLink, "attach">;
  readonly clock: Clock;
  readonly log: Log;
  /** Made afresh for each try. */
  readonly hello: () => ClientHello;
  readonly welcomed: (welcome: ClientWelcome) => void;
  /** Aborted when the client is closed. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const NEVER: Subscribe = () => () => {};

/** One client's tie to whichever controller there is. */
export class Attachment {
  readonly #options: AttachmentOptions;
  #busy = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(options: AttachmentOptions) {
    this.#options = options;
  }

  /** It is looking for a controller right now. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Resolves when it looks for none: it has one, or has given up. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  /**
   * Tries until a controller welcomes the client; `Infinity`: for ever. Rejects with `VersionMismatch`,
   * `AuthorizationError`, `ConnectionError` when the time is over, the signal's reason.
   */
  async attach(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = true;
    this.#idle = promise;
    try {
      const welcome = await this.#tryUntil(timeoutMs);
      if (this.#options.signal.aborted) return;
      if (welcome[1] !== PACKAGE_VERSION) {
        this.#options.log("warn", "the controller has another version", { here: PACKAGE_VERSION, there: welcome[1] });
      }
      this.#options.welcomed(welcome);
    } finally {
      this.#busy = false;
      resolve();
    }
  }

  async #tryUntil(timeoutMs: number): Promise<ClientWelcome> {
    const { link, clock, hello, signal } = this.#options;
    const deadline = clock.now() + timeoutMs;
    for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      try {
        return await link.attach(hello(), signal);
      } catch (error) {
        const final = finalError(error);
        if (final !== null) throw final;
        if (clock.now() + pauseMs > deadline) throw noController(timeoutMs, error);
      }
      await happensInTime(NEVER, { timeout: pauseMs, signal }, clock);
    }
  }
}

function finalError(error: unknown): Error | null {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return root instanceof VersionMismatch || root instanceof AuthorizationError ? root : null;
}

function noController(timeoutMs: number, cause: unknown): ConnectionError {
  const reason = asError(cause).message;
  return new ConnectionError(
    `Cannot reach the controller within ${timeoutMs} ms: ${reason}; see with "status" whether the cluster runs, ` +
      `or give a longer timeout.`,
    { cause },
  );
}
