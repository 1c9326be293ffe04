/**
 * From what a client put before all hosts to the runs that are for this one.
 *
 * Pure. Only this host's share is looked into; every element of it is checked: a message that isn't ours throws
 * `SerializationError` before anything is done. Called by the host's actor.
 * @module
 */
import type { HostId, Session } from "../protocol/ids.ts";
import { decodeFrame } from "../wire/frame_codec.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";
import { templateFromMessage } from "../wire/messages.ts";
import { type DirectOrder, readCode, readDirectRuns } from "./read_orders.ts";

/** What a client wants run here. */
export interface BroadcastOrder extends Omit<DirectOrder, "sequence"> {
  /** The client's node, for what is to be told to it. */
  readonly node: string;
  readonly sequence: number;
}

/** This host's share of a broadcast; `null` where it has none. Arguments stay views of the bytes. */
export function readBroadcast(bytes: Uint8Array, host: HostId): BroadcastOrder | null {
  const message = decodeFrame(bytes);
  if (!isArray(message, 6)) throw malformedMessage("broadcast", message);
  const [session, node, codes, templates, runs, shares] = message;
  const lists = [codes, templates, runs, shares].every((part) => isArray(part, 0));
  if (!isText(session) || !isText(node) || !lists) throw malformedMessage("broadcast", message);
  const share = (shares as readonly unknown[]).find((share) => isArray(share, 4) && share[0] === host);
  if (share === undefined) return null;
  const [, sequence, first, count] = share as readonly unknown[];
  if (!isCount(sequence) || !isCount(first) || !isCount(count)) throw malformedMessage("share", share);
  const origin = { session: session as Session, client: `client.${node}` };
  const shared = (templates as readonly unknown[]).map(templateFromMessage);
  return {
    session: origin.session,
    node,
    sequence,
    codes: (codes as readonly unknown[]).map(readCode),
    runs: readDirectRuns(runs as readonly unknown[], origin, shared, first, first + count),
  };
}
