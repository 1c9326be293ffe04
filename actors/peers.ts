/**
 * Actors of other nodes: sends to them over links, and hands what comes from them to the actors here.
 *
 * Everything of a pair of nodes travels over the one link, so in one order. Knows addresses and no unique names. Used
 * by `remote.ts`; the transport calls it back.
 * @module
 */
import { ConnectionError, NoRespondersError } from "../wire/errors.ts";
import { decodeError, encodeError } from "../wire/error_codec.ts";
import type { Log } from "../wire/log.ts";
import { type ActorMessage, KIND, parseActorMessage } from "./actor_message.ts";
import { type CodecName, decodeArguments, encodeArguments } from "./argument_codec.ts";
import type { Directory } from "./directory.ts";
import type { DownReason, LinkEvents, LinkMessage, LinkTransport, NodeAddress } from "./link_port.ts";
import { noSuchActor } from "./local_route.ts";
import type { ReplyTo } from "./mailbox.ts";
import { Peer } from "./peer.ts";
import type { PendingCall } from "./pending_call.ts";
import type { EndReason, RouteEvent } from "./ref.ts";
import { thrownBy } from "./thrown_error.ts";

export interface PeersOptions {
  readonly transport: LinkTransport;
  readonly directory: Directory;
  readonly log: Log;
  readonly codec: CodecName;
  /** Casts and calls that may wait at one peer. */
  readonly window: number;
  /** The node is down (`actor` null), or the actor is not there: a name must not lead there any more. */
  readonly onMoved: (node: NodeAddress, actor: string | null) => void;
}

export class Peers implements LinkEvents {
  readonly #options: PeersOptions;
  readonly #peers = new Map<NodeAddress, Peer>();
  #lastNumber = 0;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** What this throws, the caller settles `pending` with. */
  post(to: NodeAddress, actor: string, method: string, args: readonly unknown[], pending: PendingCall | null): void {
    const peer = this.#peer(to);
    const sent = encodeArguments(this.#options.codec, args);
    if (pending === null) return peer.post([KIND.cast, actor, method, sent]);
    const number = ++this.#lastNumber;
    peer.calls.set(number, { pending, actor, method });
    pending.whenSettled(() => {
      if (peer.calls.delete(number)) peer.updateWatch();
    });
    peer.post([KIND.call, actor, method, sent, number]);
    peer.updateWatch();
  }

  drained(to: NodeAddress): Promise<void> {
    return this.#peer(to).drained();
  }

  watch(to: NodeAddress, actor: string, listener: (event: RouteEvent) => void): () => void {
    const peer = this.#peer(to);
    const number = ++this.#lastNumber;
    peer.watches.set(number, { actor, tell: listener });
    peer.tell([KIND.watch, actor, number]);
    peer.updateWatch();
    return () => {
      if (!peer.watches.delete(number)) return;
      peer.tell([KIND.unwatch, number]);
      peer.updateWatch();
    };
  }

  /** The transport is closed: nobody is there any more. */
  endAll(): void {
    for (const peer of [...this.#peers.values()]) this.#end(peer, "this node was closed");
  }

  message(from: NodeAddress, _incarnation: string, message: LinkMessage): void {
    const known = parseActorMessage(message);
    if (known !== null) return this.#receive(this.#peer(from), known);
    this.#options.log("warn", `Ignoring a message of ${from} that is none of ours`, { peer: from, kind: message[0] });
  }

  down(address: NodeAddress, _incarnation: string | null, reason: DownReason): void {
    const peer = this.#peers.get(address);
    if (peer !== undefined) this.#end(peer, reason);
    this.#options.onMoved(address, null);
  }

  unreachable(address: NodeAddress): void {
    this.#tellWatches(address, { kind: "unreachable" });
  }

  reachable(address: NodeAddress): void {
    this.#tellWatches(address, { kind: "reachable" });
  }

  #peer(address: NodeAddress): Peer {
    let peer = this.#peers.get(address);
    if (peer === undefined) {
      peer = new Peer(address, this.#options.transport, this.#options.log, this.#options.window);
      this.#peers.set(address, peer);
    }
    return peer;
  }

  #end(peer: Peer, why: string): void {
    this.#peers.delete(peer.address);
    peer.end(why);
  }

  #tellWatches(address: NodeAddress, event: RouteEvent): void {
    for (const watch of [...this.#peers.get(address)?.watches.values() ?? []]) watch.tell(event);
  }

  #receive(peer: Peer, message: ActorMessage): void {
    switch (message[0]) {
      case KIND.cast:
        return this.#deliver(peer, message[1], message[2], message[3], null);
      case KIND.call:
        return this.#deliver(peer, message[1], message[2], message[3], message[4]);
      case KIND.reply:
        return this.#replied(peer, message[1], message[2]);
      case KIND.threw:
        return this.#threw(peer, message[1], message[2]);
      case KIND.refused:
        return this.#refused(peer, message[1], message[2], message[3]);
      case KIND.watch:
        return this.#observe(peer, message[1], message[2]);
      case KIND.unwatch:
        peer.observers.get(message[1])?.();
        peer.observers.delete(message[1]);
        return;
      case KIND.ended:
        return this.#ended(peer, message[1], message[2]);
      case KIND.taken:
        return peer.credit(message[1]);
      case KIND.absent:
        return this.#options.onMoved(peer.address, message[1]);
    }
  }

  #deliver(
    peer: Peer,
    actor: string,
    method: string,
    sent: readonly unknown[] | Uint8Array,
    call: number | null,
  ): void {
    const reply = call === null ? null : this.#replyTo(peer, actor, call);
    const cell = this.#options.directory.find(actor);
    if (cell === undefined) return this.#absent(peer, actor, method, reply);
    let args;
    try {
      args = decodeArguments(sent);
    } catch (error) {
      peer.onTaken();
      if (reply !== null) return reply.reject(error, true);
      return this.#options.log("error", `Dropping "${method}" for actor "${actor}": cannot read it`, { error });
    }
    cell.postRemote({ method, args, from: peer.address, reply, task: null, onTaken: peer.onTaken });
  }

  #absent(peer: Peer, actor: string, method: string, reply: ReplyTo | null): void {
    peer.onTaken();
    peer.tell([KIND.absent, actor]);
    const error = noSuchActor({ node: this.#options.directory.address, actor }, method);
    if (reply !== null) reply.reject(error, false);
    else this.#options.log("warn", error.message, { actor, method, from: peer.address });
  }

  #replyTo(peer: Peer, actor: string, call: number): ReplyTo {
    return {
      resolve: (value) => {
        try {
          const values = value === undefined ? [] : [value];
          peer.tell([KIND.reply, call, encodeArguments(this.#options.codec, values)]);
        } catch (error) {
          this.#options.log("error", `Cannot send a reply of actor "${actor}"`, { actor, error });
          peer.tell([KIND.threw, call, encodeError(error)]);
        }
      },
      reject: (error, thrown) => {
        if (thrown) return peer.tell([KIND.threw, call, encodeError(error)]);
        const why = error instanceof NoRespondersError ? "absent" : "ended";
        peer.tell([KIND.refused, call, why, error instanceof Error ? error.message : String(error)]);
      },
    };
  }

  #replied(peer: Peer, number: number, sent: readonly unknown[] | Uint8Array): void {
    const pending = peer.calls.get(number)?.pending;
    if (pending === undefined) return;
    try {
      pending.resolve(decodeArguments(sent)[0]);
    } catch (error) {
      pending.reject(error);
    }
  }

  #threw(peer: Peer, number: number, error: Uint8Array): void {
    const call = peer.calls.get(number);
    if (call === undefined) return;
    const { pending, actor, method } = call;
    try {
      pending.reject(thrownBy({ node: peer.address, actor }, method, decodeError(error)));
    } catch (unreadable) {
      pending.reject(unreadable);
    }
  }

  #refused(peer: Peer, number: number, why: "absent" | "ended", text: string): void {
    peer.calls.get(number)?.pending.reject(why === "absent" ? new NoRespondersError(text) : new ConnectionError(text));
  }

  #observe(peer: Peer, actor: string, watch: number): void {
    const cell = this.#options.directory.find(actor);
    if (cell === undefined) {
      peer.tell([KIND.absent, actor]);
      return peer.tell([KIND.ended, watch, "unknown-actor" satisfies EndReason]);
    }
    const cancel = cell.onEnd((reason) => {
      peer.observers.delete(watch);
      peer.tell([KIND.ended, watch, reason]);
    });
    peer.observers.set(watch, cancel);
  }

  #ended(peer: Peer, number: number, reason: string): void {
    const watch = peer.watches.get(number);
    if (watch === undefined) return;
    peer.watches.delete(number);
    peer.updateWatch();
    this.#options.onMoved(peer.address, watch.actor);
    watch.tell({ kind: "ended", reason: reason as EndReason });
  }
}
