/**
 * What an actor's cell says when it cannot take, find or answer a message, and how it puts an error into a reason.
 *
 * Text only. Used by `cell.ts`.
 * @module
 */
import { ConnectionError, MailboxFull } from "../wire/errors.ts";
import type { EndReason } from "./ref.ts";

/** The reason of an actor that ended with `error`. */
export function failure(error: unknown): EndReason {
  return `failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
}

/** For those whose calls waited, or come too late. */
export function actorEnded(actor: string, reason: EndReason | null): ConnectionError {
  return new ConnectionError(
    `Cannot get an answer from actor "${actor}": it ended (${reason}); start it again, or watch it to be told`,
  );
}

/** For local senders. */
export function mailboxFull(actor: string, method: string, bound: number): MailboxFull {
  return new MailboxFull(
    `Cannot send "${method}" to actor "${actor}": its mailbox holds ${bound} messages, which is its bound; ` +
      `await ref.drained() first`,
  );
}

/** Names the methods there are. */
export function unknownMethod(actor: string, className: string, method: string, methods: Iterable<string>): string {
  const known = [...methods].sort().map((name) => `"${name}"`).join(", ");
  return `Cannot run "${method}" on actor "${actor}": ${className} has no such public method; ` +
    `it has ${known === "" ? "none" : known}`;
}
