/**
 * One call on engines of several hosts, as one message that all hosts hear: code, captures and arguments go out once,
 * however many engines there are.
 *
 * Makes messages and publishes them; who took what is the affair of `direct_queue.ts`.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import type { ContentHash, HostId, Session } from "../protocol/ids.ts";
import type { BroadcastMessage, DirectRunMessage, ShareMessage } from "../protocol/messages.ts";
import { ConnectionError } from "../wire/errors.ts";
import { encodeFrame } from "../wire/frame_codec.ts";
import type { DirectLane } from "./direct_lane.ts";
import { directRows } from "./direct_rows.ts";
import { TaskBatch } from "./task_batch.ts";
import type { PendingTask } from "./task_table.ts";

/** Where broadcasts go. */
export interface BroadcastTarget {
  readonly bus: Pick<Bus, "publish" | "status" | "maxPayload" | "onStatus">;
  /** `broadcastSubject` of the cluster. */
  readonly subject: string;
}

/** In one message at most; what is left of a call or of a turn goes over the links. */
const GROUP_TASKS = 20_000;
const GROUP_BYTES = 256 * 1024;

/** The tasks of one call, or of several of one turn, by the hosts of their engines. */
export class DirectGroup {
  readonly #shares: Map<HostId, readonly PendingTask[]>;
  /** It goes over the links, each share by itself. */
  split = false;

  constructor(shares: ReadonlyMap<HostId, readonly PendingTask[]>) {
    this.#shares = new Map(shares);
    this.split = sizeOf(shares)[0] > GROUP_TASKS;
  }

  get shares(): ReadonlyMap<HostId, readonly PendingTask[]> {
    return this.#shares;
  }

  /** Whether these may go with it: small, there already, and for the same hosts. */
  takes(shares: ReadonlyMap<HostId, readonly PendingTask[]>): boolean {
    if (shares.size !== this.#shares.size || ![...shares.keys()].every((host) => this.#shares.has(host))) return false;
    const [count, bytes] = sizeOf(this.#shares);
    const [more, moreBytes] = sizeOf(shares);
    return count + more <= GROUP_TASKS && bytes + moreBytes <= GROUP_BYTES;
  }

  add(shares: ReadonlyMap<HostId, readonly PendingTask[]>): void {
    for (const [host, tasks] of shares) this.#shares.set(host, [...this.#shares.get(host) ?? [], ...tasks]);
  }
}

/** Bytes: of what is shared, once; Infinity where they are not known yet, or are elsewhere. */
function sizeOf(shares: ReadonlyMap<HostId, readonly PendingTask[]>): readonly [tasks: number, bytes: number] {
  const tasks = [...shares.values()].flat();
  const payloads = new Set(
    tasks.map(({ args, late }) => late === undefined && args instanceof Uint8Array ? args : null),
  );
  let bytes = 0;
  for (const payload of payloads) bytes += payload?.length ?? Infinity;
  return [tasks.length, bytes];
}

/** What a sender of broadcasts says of itself. */
export interface BroadcastSender {
  readonly session: Session;
  /** The client's node, where results go. */
  readonly node: string;
  readonly target: BroadcastTarget;
}

/** One lane and what of a group goes there. */
export type LaneShare = readonly [lane: DirectLane, tasks: readonly PendingTask[]];

/** Publishes; `false` where it can't be now, or does not fit in one message. All payloads must be placed. */
export function publishGroup({ session, node, target }: BroadcastSender, shares: readonly LaneShare[]): boolean {
  if (target.bus.status !== "connected") return false;
  const batch = new TaskBatch<DirectRunMessage>(knownToAll(shares));
  const row = directRows();
  const parts: ShareMessage[] = [];
  for (const [lane, tasks] of shares) {
    parts.push([lane.host, lane.sequence, batch.rows.length, tasks.length]);
    for (const task of tasks) batch.add(task, row);
  }
  const message: BroadcastMessage = [session, node, batch.codes, batch.templates, batch.rows, parts];
  const bytes = encodeFrame(message);
  if (bytes.length > target.bus.maxPayload) return false;
  try {
    target.bus.publish(target.subject, bytes);
    return true;
  } catch (error) {
    if (error instanceof ConnectionError) return false;
    throw error;
  }
}

function knownToAll(shares: readonly LaneShare[]): ReadonlySet<ContentHash> {
  const [first, ...others] = shares.map(([lane]) => lane.known);
  return new Set([...first ?? []].filter((hash) => others.every((known) => known.has(hash))));
}
