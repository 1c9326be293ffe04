/**
 * What the parts of a link that act need of the node they belong to: who we are, what time counts, and a way out.
 *
 * `node.ts` implements it; a test can do so without any bus or timer.
 * @module
 */
import type { Frame } from "./frame.ts";
import type { LinkSelf } from "./link.ts";
import type { ResolvedLinkBounds } from "./link_bounds.ts";
import type { LinkEvents, NodeAddress } from "./link_port.ts";

/** What a peer needs of its node. Events must not throw. */
export interface LinkShell {
  readonly self: LinkSelf;
  readonly bounds: ResolvedLinkBounds;
  readonly heartbeatMs: number;
  readonly events: LinkEvents;
  /** `countedMs` of the clock by which peers are judged. */
  readonly countedMs: number;
  readonly maxPayload: number;
  /** A number no end of ours has had. */
  nextGeneration(): number;
  /** Publishes, or drops while the bus is away: frames in flight are kept by their links. */
  publish(to: NodeAddress, bytes: Uint8Array): void;
  /** Answers a frame that belongs to no link of ours; may leave out repetitions. */
  refuse(frame: Frame): void;
  /** Some peer is owed an acknowledgement. */
  receiptOwed(): void;
  /** Some peer has acknowledged frames, or is gone. */
  progressed(): void;
  /** Neither link nor candidate is left. */
  forget(peer: NodeAddress): void;
  /** Something that should not be; `kind` is a fixed text. */
  noise(kind: string, fields: Readonly<Record<string, unknown>>): void;
}
