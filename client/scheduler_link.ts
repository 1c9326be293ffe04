/**
 * What a session needs of the scheduler, and nothing more: `client_actor.ts` implements it with a reference, tests with
 * a fake.
 *
 * Types only.
 * @module
 */
import type { Session, TaskId } from "../protocol/ids.ts";
import type { ClientHello, ClientWelcome, SubmitMessage } from "../protocol/messages.ts";

/** The way to the scheduler. Casts arrive in order or the controller is known to be lost. */
export interface SchedulerLink {
  /**
   * Rejects with `ConnectionError` where no controller answers in time; worth another try then. The signal ends the
   * waiting.
   */
  attach(hello: ClientHello, signal: AbortSignal): Promise<ClientWelcome>;
  /** Throws `MailboxFull` when no more can be taken now. */
  submit(batch: SubmitMessage): void;
  /** Throws `MailboxFull` likewise. */
  abort(ids: readonly TaskId[]): void;
  /** Says good-bye; the tasks go on. */
  detach(session: Session): Promise<void>;
  /** Resolves when more can be taken, or the controller is lost. */
  drained(): Promise<void>;
}
