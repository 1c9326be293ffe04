/**
 * Every number that bounds a link, in one place: windows, queues, delays, and how many heartbeats mean what.
 *
 * Constants and their resolution only. Read by `node.ts` and the parts of a link; nothing else knows a figure.
 * @module
 */

/** What may be set per node; the rest of the figures are the protocol's. */
export interface LinkBounds {
  /** Bytes a peer may have under way to us that we have not handled. Default 8 MiB. */
  readonly windowBytes?: number;
  /** `send` throws `MailboxFull` once so many bytes are queued past the peer's credit. Default 64 MiB. */
  readonly queueBytes?: number;
  /** The same, counted in messages. Default 100,000. */
  readonly queueMessages?: number;
  /** Peers known at a time; the hello of one more stranger is ignored. Default 20,000. */
  readonly peers?: number;
}

/** `LinkBounds` with nothing left open. */
export type ResolvedLinkBounds = Required<LinkBounds>;

const MIB = 1024 * 1024;

/** Fills in the defaults. Throws `RangeError` for what is not a positive whole number. */
export function resolveLinkBounds(bounds: LinkBounds = {}): ResolvedLinkBounds {
  const resolved = { windowBytes: 8 * MIB, queueBytes: 64 * MIB, queueMessages: 100_000, peers: 20_000, ...bounds };
  for (const [name, value] of Object.entries(resolved)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`Cannot make a node: bound "${name}" is ${value}; give a whole number above 0.`);
  }
  return resolved;
}

/** Frames stay below this even where the bus would take more: a long frame delays all that stand behind it. */
export const MAX_FRAME_BYTES = 1 * MIB;

/** Messages of a turn that travel as one frame; more are cut into several. */
export const MAX_FRAME_MESSAGES = 4_096;

/** The smallest `maxPayload` of a bus over which links can work. */
export const MIN_PAYLOAD_BYTES = 1_024;

/** An acknowledgement that found no frame to ride on leaves by itself after so long. */
export const ACK_DELAY_MS = 40;

/** Heartbeats of silence after which a peer is `unreachable`. */
export const UNREACHABLE_HEARTBEATS = 1.5;

/** How many times longer than others a client may be silent: its program may block its thread at will. */
export const CLIENT_PATIENCE = 20;

/** Heartbeats of silence after which a peer is `down`. */
export const DOWN_HEARTBEATS = 3;

/** A link without traffic is asked for a sign of life by whoever cares for it; for so long it counts as in use. */
export const IN_USE_HEARTBEATS = 10;

/** A link for which nobody cares is tried this often, or links to dead peers would stay for ever. */
export const PROBE_HEARTBEATS = 60;

/** After our own reconnect, peers get so long to reconnect too before their silence counts. */
export const RECONNECT_GRACE_HEARTBEATS = 2;

/** `close` waits so long for what is queued, at most. */
export const CLOSE_FLUSH_MS = 1_000;
