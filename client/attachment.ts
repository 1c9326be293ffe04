/**
 * Introducing a client to a controller that may be on its way up: tries until one answers, or the time is over.
 *
 * Versions that do not fit and refused credentials end it at once. Called by `session.ts`.
 * @module
 */
import type { ClientWelcome } from "../protocol/messages.ts";
import type { Clock } from "../wire/clock.ts";
import { AuthorizationError, ConnectionError, VersionMismatch } from "../wire/errors.ts";
import { happensInTime, type Subscribe } from "./waiting.ts";

/** How long to try. */
export interface AttachmentOptions {
  /** `Infinity`: until it is closed. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Aborted when the client is closed. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const NEVER: Subscribe = () => () => {};

/**
 * The welcome. Rejects with `VersionMismatch`, `AuthorizationError`, `ConnectionError` when the time is over,
 * the signal's reason.
 */
export async function attachInTime(
  attach: () => Promise<ClientWelcome>,
  options: AttachmentOptions,
): Promise<ClientWelcome> {
  const { clock, timeoutMs } = options;
  const deadline = clock.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    options.signal.throwIfAborted();
    try {
      return await attach();
    } catch (error) {
      const final = finalError(error);
      if (final !== null) throw final;
      if (clock.now() + pauseMs > deadline) throw noController(timeoutMs, error);
    }
    await happensInTime(NEVER, { timeout: pauseMs, signal: options.signal }, clock);
  }
}

function finalError(error: unknown): Error | null {
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return root instanceof VersionMismatch || root instanceof AuthorizationError ? root : null;
}

function noController(timeoutMs: number, cause: unknown): ConnectionError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConnectionError(
    `Cannot reach the controller within ${timeoutMs} ms: ${reason}; see with "status" whether the cluster runs, ` +
      `or give a longer timeout.`,
    { cause },
  );
}
