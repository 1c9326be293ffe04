/**
 * What the actor layer needs of the transport between nodes, and nothing more.
 *
 * `node.ts` implements it with links over a bus; tests of mailboxes, refs and supervisors use a plain in-process fake.
 * @module
 */
import type { NodeRole } from "../protocol/subjects.ts";

/** `<role>.<node>`: where a node is; with its incarnation, which life of it. */
export type NodeAddress = `${NodeRole}.${string}`;

/**
 * Why a peer is no longer there. `incarnation-changed`: the node came back as another life. `version-mismatch`: it
 * speaks another protocol number. `silent` is also said when the peer had declared us down.
 */
export type DownReason = "silent" | "incarnation-changed" | "said-goodbye" | "closed-here" | "version-mismatch";

/** Any value that the plain MessagePack codec takes; handed to the peer once, in order, or the peer is down. */
export type LinkMessage = readonly unknown[];

export interface LinkEvents {
  /** A message arrived. Bytes in it are views into a receive buffer that is never written again. */
  message(from: NodeAddress, incarnation: string, message: LinkMessage): void;
  /**
   * The link to this incarnation of the peer is gone for good: nothing sent over it will arrive any more, nothing from
   * it will come, and the peer is told the same. `incarnation` is `null` where there never was contact. A later `send`
   * or `watch` makes a new link, maybe to the same life of the peer if that lives on; nothing of the new one is heard
   * before both sides have had the `down` of the old one. Ends a `watch`.
   */
  down(peer: NodeAddress, incarnation: string | null, reason: DownReason): void;
  /** The peer has not been heard for a heartbeat or more, or the bus is away; it may come back. */
  unreachable(peer: NodeAddress, incarnation: string | null): void;
  /** It did. */
  reachable(peer: NodeAddress, incarnation: string): void;
}

export interface LinkTransport extends AsyncDisposable {
  readonly address: NodeAddress;
  readonly incarnation: string;
  /** Receives all events; set once, before anything is sent. */
  listen(events: LinkEvents): void;
  /**
   * Queues a message for the node, which must not be changed any more. All that is sent within one turn of the event
   * loop travels as one frame. To be sent to another node, not to this one. Throws `MailboxFull` when more than the
   * bound is queued past the peer's credit.
   */
  send(to: NodeAddress, message: LinkMessage): void;
  /** Resolves when less than half of the bound is queued, or the peer is down. */
  drained(to: NodeAddress): Promise<void>;
  /** Starts (or keeps) watching the peer's liveness even when nothing is sent, until `unwatch` or its `down`. */
  watch(peer: NodeAddress): void;
  unwatch(peer: NodeAddress): void;
  /** Says good-bye to all peers, flushes what is queued (bounded wait), ends. */
  close(): Promise<void>;
}
