/**
 * Who gets a message: the subscriptions of all connections of one broker, queue groups and no-responders included.
 *
 * Synchronous, no I/O, knows no sockets: a `Receiver` takes what it is handed into a buffer of its own. TCP connections
 * and the buses in the broker's process share one table.
 * @module
 */
import { isValidPattern, SubjectTree } from "../bus/subject_tree.ts";
import type { PublishOperation } from "./protocol_parser.ts";

/** A connection, as the table sees it. */
export interface Receiver {
  /** Whether it gets what it published itself. */
  readonly echo: boolean;
  /** Queues the message. Never throws, never publishes; it may end its own subscriptions. */
  receive(subscription: Subscription, message: PublishOperation): void;
  /** The subscription has had all that it asked for, and is out of the table. */
  exhausted(subscription: Subscription): void;
}

/** One subscription of one connection. */
export class Subscription {
  /** What it listens to. */
  readonly pattern: string;
  /** Its queue group, if any. */
  readonly queue: string | undefined;
  /** What its receiver calls it. */
  readonly sid: string;
  /** Whose it is. */
  readonly receiver: Receiver;
  /** Messages it has got. */
  delivered = 0;
  /** Ends after so many messages; 0 for never. */
  max = 0;
  /** Whether it is in the table. */
  active = false;

  /** Not in any table yet. */
  constructor(receiver: Receiver, pattern: string, queue: string | undefined, sid: string) {
    this.receiver = receiver;
    this.pattern = pattern;
    this.queue = queue;
    this.sid = sid;
  }
}

/** The subscriptions of one broker. */
export class RoutingTable {
  readonly #tree = new SubjectTree<Subscription>();
  readonly #random: () => number;

  /** `random` picks the members of queue groups: from 0 to below 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Subscriptions held. */
  get size(): number {
    return this.#tree.size;
  }

  /** Adds it; `false` when its pattern is not valid. */
  add(subscription: Subscription): boolean {
    if (!isValidPattern(subscription.pattern)) return false;
    subscription.active = this.#tree.insert(subscription.pattern, subscription);
    return subscription.active;
  }

  /** Takes it away; nothing is delivered to it any more. */
  remove(subscription: Subscription): void {
    if (!subscription.active) return;
    subscription.active = false;
    this.#tree.remove(subscription.pattern, subscription);
  }

  /** Hands the message to all that listen, to one of each queue group. Gives their number. */
  publish(from: Receiver, message: PublishOperation): number {
    if (!message.subject.routable) return 0;
    let receivers = 0;
    let queued: Subscription[] | undefined;
    for (const subscription of this.#tree.match(message.subject.text)) {
      if (subscription.queue !== undefined) (queued ??= []).push(subscription);
      else if (this.#deliver(from, subscription, message)) receivers++;
    }
    return queued === undefined ? receivers : receivers + this.#deliverToGroups(from, queued, message);
  }

  /** The subscription of this connection that waits for replies on the subject; queue groups do not count. */
  subscriptionFor(receiver: Receiver, subject: string): Subscription | undefined {
    return this.#tree.match(subject).find((each) => each.receiver === receiver && each.queue === undefined);
  }

  #deliver(from: Receiver, subscription: Subscription, message: PublishOperation): boolean {
    const { receiver } = subscription;
    if (!subscription.active || (receiver === from && !receiver.echo)) return false;
    subscription.delivered++;
    receiver.receive(subscription, message);
    if (subscription.max > 0 && subscription.delivered >= subscription.max) {
      this.remove(subscription);
      receiver.exhausted(subscription);
    }
    return true;
  }

  #deliverToGroups(from: Receiver, queued: readonly Subscription[], message: PublishOperation): number {
    // Nearly always all are of one group: then nothing needs to be sorted.
    const group = queued[0]?.queue;
    if (queued.every((each) => each.queue === group)) return this.#deliverToOne(from, queued, message) ? 1 : 0;
    let receivers = 0;
    for (const members of Map.groupBy(queued, (each) => each.queue).values()) {
      if (this.#deliverToOne(from, members, message)) receivers++;
    }
    return receivers;
  }

  /** Begins at a member drawn at random, and goes on to the next as long as one cannot take it. */
  #deliverToOne(from: Receiver, members: readonly Subscription[], message: PublishOperation): boolean {
    const first = Math.floor(this.#random() * members.length);
    for (let offset = 0; offset < members.length; offset++) {
      const member = members[(first + offset) % members.length];
      if (member !== undefined && this.#deliver(from, member, message)) return true;
    }
    return false;
  }
}
