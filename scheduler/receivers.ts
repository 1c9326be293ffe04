/**
 * The hosts and clients that the scheduler talks to: their references, and what waits for the slow ones.
 *
 * A host's node is named by its id, a client's by its session. Used by the scheduler's shell.
 * @module
 */
import type { ActorSystem } from "../actors/actor_system.ts";
import { Outbox } from "../actors/outbox.ts";
import type { Ref } from "../actors/ref.ts";
import type { HostId, Session } from "../protocol/ids.ts";
import { ACTOR_NAMES, type ClientApi, type HostApi } from "../protocol/roles.ts";

/**
 * What waits for a client beyond what its link takes, which is as much again: from then on its tasks wait too. Room for
 * the results of a program that computes for half a minute in its own thread.
 */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/** Who a reference stands for. */
export type Receiver = { readonly role: "host"; readonly id: HostId } | {
  readonly role: "client";
  readonly id: Session;
};

export class Receivers {
  readonly #system: ActorSystem;
  readonly #hosts = new Map<HostId, Outbox<HostApi>>();
  readonly #clients = new Map<Session, Outbox<ClientApi>>();
  readonly #paceChanged: (session: Session, behind: boolean) => void;

  /** `paceChanged` is told of clients that do not keep up with what is for them, and when they do again. */
  constructor(system: ActorSystem, paceChanged: (session: Session, behind: boolean) => void) {
    this.#system = system;
    this.#paceChanged = paceChanged;
  }

  /** The reference to a host; from now on it is one of the receivers. */
  host(id: HostId): Ref<HostApi> {
    const refer = () => this.#system.refAt<HostApi>(`host.${id}`, ACTOR_NAMES.host);
    return boxOf(this.#hosts, id, () => new Outbox(refer())).ref;
  }

  /** The same for a client. */
  client(session: Session): Ref<ClientApi> {
    const refer = () => this.#system.refAt<ClientApi>(`client.${session}`, ACTOR_NAMES.client);
    const changed = (behind: boolean) => this.#paceChanged(session, behind);
    return boxOf(this.#clients, session, () => new Outbox(refer(), { bytes: MAX_BACKLOG_BYTES, changed })).ref;
  }

  /** What is for a host that is gone is dropped: when it comes back, it says what it holds and is told again. */
  toHost(id: HostId, send: (cast: Ref<HostApi>["cast"]) => void): void {
    this.#hosts.get(id)?.push(send);
  }

  /** What is for a client that is gone is dropped: whoever asks for its results later is told again. */
  toClient(session: Session, send: (cast: Ref<ClientApi>["cast"]) => void, sizeOf?: () => number): void {
    this.#clients.get(session)?.push(send, sizeOf);
  }

  toAllClients(send: (cast: Ref<ClientApi>["cast"]) => void): void {
    for (const box of this.#clients.values()) box.push(send);
  }

  /** Whether it does not keep up now. */
  isBehind(session: Session): boolean {
    return this.#clients.get(session)?.behind ?? false;
  }

  hasClient(session: Session): boolean {
    return this.#clients.has(session);
  }

  forgetHost(id: HostId): void {
    this.#hosts.get(id)?.close();
    this.#hosts.delete(id);
  }

  forgetClient(session: Session): void {
    this.#clients.get(session)?.close();
    this.#clients.delete(session);
  }

  /** Whose reference this is. */
  receiverOf(ref: Ref<object>): Receiver | null {
    const node = ref.address.node ?? "";
    const id = node.slice(node.indexOf(".") + 1);
    if (node.startsWith("host.")) return { role: "host", id: id as HostId };
    if (node.startsWith("client.")) return { role: "client", id: id as Session };
    return null;
  }
}

/** The queue in front of a node's actor, made when it is first needed. */
function boxOf<Id, Api extends object>(boxes: Map<Id, Outbox<Api>>, id: Id, make: () => Outbox<Api>): Outbox<Api> {
  let box = boxes.get(id);
  if (box === undefined) boxes.set(id, box = make());
  return box;
}
