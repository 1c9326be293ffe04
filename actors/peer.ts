/**
 * What this node has going with one other: calls that wait, watches both ways, and the credit for messages.
 *
 * A sender may have `window` casts and calls in the receiver's mailboxes; the receiver counts them off as they are
 * taken. So no node has to hold more than peers × window. Used by `peers.ts` alone; gone when the peer is down.
 * @module
 */
import { ConnectionError, MailboxFull, type TroupeError, VersionMismatch } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { type ActorMessage, KIND } from "./actor_message.ts";
import type { LinkTransport, NodeAddress } from "./link_port.ts";
import type { PendingCall } from "./pending_call.ts";
import type { RouteEvent } from "./ref.ts";

/** Every so many messages the receiver says what it has taken. */
export const CREDIT_STEP = 256;

/** A call to the peer, and its name for people. */
export interface OutgoingCall {
  readonly pending: PendingCall;
  readonly actor: string;
  readonly method: string;
}

/** A watch of an actor there. */
export interface OutgoingWatch {
  readonly actor: string;
  readonly tell: (event: RouteEvent) => void;
}

export class Peer {
  /** Our calls there, by number. */
  readonly calls = new Map<number, OutgoingCall>();
  /** Our watches there, by number. */
  readonly watches = new Map<number, OutgoingWatch>();
  /** Their watches of actors here: what ends each. */
  readonly observers = new Map<number, () => void>();
  /** Declared down: nothing goes there any more. */
  gone = false;

  readonly address: NodeAddress;
  readonly #transport: LinkTransport;
  readonly #log: Log;
  readonly #window: number;
  #watched = false;
  #sent = 0;
  #takenThere = 0;
  #takenHere = 0;
  #reported = 0;
  /** Replies and notices that the link could not take yet: they are never refused. */
  #backlog: ActorMessage[] = [];
  #waiters: (() => void)[] = [];

  constructor(address: NodeAddress, transport: LinkTransport, log: Log, window: number) {
    this.address = address;
    this.#transport = transport;
    this.#log = log;
    this.#window = window;
  }

  /** Sends a cast or call. Throws `MailboxFull` past the credit. */
  post(message: ActorMessage): void {
    if (this.#sent - this.#takenThere >= this.#window || this.#backlog.length > 0) throw this.#full();
    this.#transport.send(this.address, message);
    this.#sent += 1;
  }

  /** Sends what must not be refused: it waits here while the link is full. Throws only what encoding throws. */
  tell(message: ActorMessage): void {
    if (this.gone) return;
    if (this.#backlog.length > 0) {
      this.#backlog.push(message);
      return;
    }
    if (this.#trySend(message)) return;
    this.#backlog.push(message);
    void this.#sendBacklog();
  }

  /** Given to every message from the peer: it has left its mailbox. */
  readonly onTaken = (): void => {
    this.#takenHere += 1;
    if (this.#takenHere - this.#reported < CREDIT_STEP || this.gone) return;
    this.#reported = this.#takenHere;
    this.tell([KIND.taken, this.#takenHere]);
  };

  /** The peer said how much it has taken. */
  credit(takenThere: number): void {
    if (takenThere > this.#takenThere && takenThere <= this.#sent) this.#takenThere = takenThere;
    if (this.#waiters.length > 0 && this.#isDrained) this.#wakeWaiters();
  }

  async drained(): Promise<void> {
    if (!this.#isDrained) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    if (!this.gone) await this.#transport.drained(this.address);
  }

  /** Keeps the transport's eye on the peer for as long as something here waits for it. */
  updateWatch(): void {
    const wanted = !this.gone && (this.calls.size > 0 || this.watches.size > 0);
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    if (wanted) this.#transport.watch(this.address);
    else this.#transport.unwatch(this.address);
  }

  /** It is down: everything that waits for it is told. `why` for people. */
  end(why: string): void {
    if (this.gone) return;
    this.gone = true;
    const calls = [...this.calls.values()];
    const watches = [...this.watches.values()];
    this.calls.clear();
    this.watches.clear();
    this.#backlog = [];
    for (const cancel of this.observers.values()) cancel();
    this.observers.clear();
    this.updateWatch();
    for (const call of calls) call.pending.reject(this.#downError(call, why));
    for (const watch of watches) watch.tell({ kind: "ended", reason: "node-down" });
    this.#wakeWaiters();
  }

  get #isDrained(): boolean {
    return this.gone || ((this.#sent - this.#takenThere) * 2 < this.#window && this.#backlog.length === 0);
  }

  #trySend(message: ActorMessage): boolean {
    try {
      this.#transport.send(this.address, message);
      return true;
    } catch (error) {
      if (error instanceof MailboxFull) return false;
      if (error instanceof ConnectionError) return true;
      throw error;
    }
  }

  async #sendBacklog(): Promise<void> {
    while (this.#backlog.length > 0) {
      await this.#transport.drained(this.address);
      for (let next = this.#backlog[0]; next !== undefined && this.#sendQueued(next); next = this.#backlog[0]) {
        this.#backlog.shift();
      }
    }
    if (this.#isDrained) this.#wakeWaiters();
  }

  #sendQueued(message: ActorMessage): boolean {
    try {
      return this.#trySend(message);
    } catch (error) {
      this.#log("error", `Cannot encode a reply to ${this.address}: it is dropped`, { peer: this.address, error });
      return true;
    }
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #full(): MailboxFull {
    return new MailboxFull(
      `Cannot send more to ${this.address}: ${
        this.#sent - this.#takenThere
      } messages are on their way or wait there, ` +
        `and its credit is ${this.#window}; await ref.drained() first`,
    );
  }

  #downError(call: OutgoingCall, why: string): TroupeError {
    if (why === "version-mismatch") {
      return new VersionMismatch(
        `Cannot call "${call.method}" on actor "${call.actor}": its node ${this.address} speaks another protocol number; ` +
          `run the same version of Troupe everywhere, and reload what a URL import has cached with "--reload"`,
      );
    }
    return new ConnectionError(
      `Cannot know what became of "${call.method}" on actor "${call.actor}": its node ${this.address} is down (${why}); ` +
        `call again once it is back, if the method may run twice`,
    );
  }
}
