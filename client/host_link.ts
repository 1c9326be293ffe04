/**
 * What a session needs of hosts, and nothing more: `client_actor.ts` implements it with references, tests with a fake.
 *
 * Types only.
 * @module
 */
import type { ContentHash, HostId, Session } from "../protocol/ids.ts";
import type { DirectMessage } from "../protocol/messages.ts";

/** The way to one host. */
export interface HostLink {
  /** Throws `MailboxFull` when no more can be taken now. */
  direct(batch: DirectMessage): void;
  abortDirect(session: Session, counters: readonly number[]): void;
  drained(): Promise<void>;
  putBlob(hash: ContentHash, size: number, offset: number, bytes: Uint8Array): Promise<void>;
  getBlob(hash: ContentHash, offset: number, length: number): Promise<Uint8Array>;
}

/** Finds the way to a host; the same object for as long as the host lives. */
export type FindHost = (id: HostId) => HostLink;
