/**
 * What a session needs of hosts, and nothing more: `client_actor.ts` implements it with references, tests with a fake.
 *
 * Types only.
 * @module
 */
import type { ContentHash, EngineId, HostId, Session } from "../protocol/ids.ts";
import type { DirectMessage } from "../protocol/messages.ts";

/** The way to one host. */
export interface HostLink {
  /** Throws `MailboxFull` when no more can be taken now. */
  direct(batch: DirectMessage): void;
  abortDirect(session: Session, counters: readonly number[]): void;
  drained(): Promise<void>;
  /** `until`: here and below, its abort ends the waiting for the answer. */
  stopEngines(ids: readonly EngineId[], drainMs: number, until?: AbortSignal): Promise<void>;
  signalEngines(signal: string, ids: readonly EngineId[], until?: AbortSignal): Promise<void>;
  /** Ends all engines of the host, and then its process with all it runs. */
  shutdown(drainMs: number, until?: AbortSignal): Promise<void>;
  /** `engines`: those whose next task is to come with the blob. */
  putBlob(
    upload: string,
    size: number,
    offset: number,
    bytes: Uint8Array,
    engines: readonly EngineId[],
  ): Promise<ContentHash | null>;
  getBlob(hash: ContentHash, offset: number, length: number): Promise<Uint8Array>;
}

/** Finds the way to a host; the same object for as long as the host lives. */
export type FindHost = (id: HostId) => HostLink;
