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

/** Who a reference stands for. */
export type Peer = { readonly role: "host"; readonly id: HostId } | { readonly role: "client"; readonly id: Session };

export class Peers {
  readonly #system: ActorSystem;
  readonly #hosts = new Map<HostId, Outbox<HostApi>>();
  readonly #clients = new Map<Session, Outbox<ClientApi>>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  host(id: HostId): Ref<HostApi> {
    return this.#hostBox(id).ref;
  }

  client(session: Session): Ref<ClientApi> {
    return this.#clientBox(session).ref;
  }

  toHost(id: HostId, send: (cast: Ref<HostApi>["cast"]) => void): void {
    this.#hostBox(id).push(send);
  }

  /** What is for a client that is gone is dropped: whoever asks for its results later is told again. */
  toClient(session: Session, send: (cast: Ref<ClientApi>["cast"]) => void): void {
    this.#clients.get(session)?.push(send);
  }

  toAllClients(send: (cast: Ref<ClientApi>["cast"]) => void): void {
    for (const box of this.#clients.values()) box.push(send);
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
  peerOf(ref: Ref<object>): Peer | null {
    const node = ref.address.node ?? "";
    const id = node.slice(node.indexOf(".") + 1);
    if (node.startsWith("host.")) return { role: "host", id: id as HostId };
    if (node.startsWith("client.")) return { role: "client", id: id as Session };
    return null;
  }

  #hostBox(id: HostId): Outbox<HostApi> {
    let box = this.#hosts.get(id);
    if (box === undefined) {
      box = new Outbox(this.#system.refAt<HostApi>(`host.${id}`, ACTOR_NAMES.host));
      this.#hosts.set(id, box);
    }
    return box;
  }

  #clientBox(session: Session): Outbox<ClientApi> {
    let box = this.#clients.get(session);
    if (box === undefined) {
      box = new Outbox(this.#system.refAt<ClientApi>(`client.${session}`, ACTOR_NAMES.client));
      this.#clients.set(session, box);
    }
    return box;
  }
}
