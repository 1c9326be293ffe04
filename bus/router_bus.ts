/**
 * A bus over a router in the same process: no socket, no encoding.
 *
 * The embedded broker offers such a router to the controller in its process, and the in-memory broker to tests. Handlers
 * never run inside `publish`: what arrives is queued, and one microtask hands out all that is queued. The router knows
 * who listens; this file knows what a connection promises (`bus.ts`).
 * @module
 */
import type {
  Bus,
  BusHeaders,
  BusMessage,
  BusOptions,
  BusStatus,
  BusSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from "./bus.ts";
import { DeliveryQueue } from "./delivery_queue.ts";
import { PendingRequests } from "./pending_requests.ts";
import { checkSubscription, notConnected, PublishCheck } from "./call_checks.ts";
import { RouterSubscription, type SubscriptionOwner } from "./router_subscription.ts";
import { asError, StatusBoard } from "./status_board.ts";
import { ByteSlab, PASSING_SLAB_BYTES } from "../wire/byte_slab.ts";
import { type Clock, systemClock } from "../wire/clock.ts";

/** Who listens to what, in this process and perhaps beyond. */
export interface Router {
  /** Largest payload in bytes, headers included. */
  readonly maxPayload: number;
  /**
   * `deliver` is called for each message that matches, for one member a message where `queue` is given. It copies the
   * bytes before it returns, only queues, and never throws. The result ends the subscription.
   */
  subscribe(pattern: string, queue: string | undefined, deliver: (message: BusMessage) => void): () => void;
  /** Hands the message to all that listen; the bytes may change afterwards. Gives the number of receivers. */
  publish(
    subject: string,
    data: Uint8Array,
    reply: string | undefined,
    headers: BusHeaders | undefined,
  ): number;
  /**
   * Resolves when all has been handed out that others had sent when it was called, and that may still lie in sockets.
   * Absent: nothing ever does.
   */
  readonly inputSeen?: () => Promise<void>;
}

/** Options of a `RouterBus`. */
export interface RouterBusOptions extends BusOptions {
  /** For the time-outs of requests; default: the system's. */
  readonly clock?: Clock;
}

type QueueEntry =
  | { readonly subscription: RouterSubscription; readonly message: BusMessage }
  | { readonly subscription: undefined; readonly flushed: () => void };

/** A connection to a router. */
export class RouterBus implements Bus {
  readonly #router: Router;
  readonly #onError: (error: Error) => void;
  readonly #board: StatusBoard;
  readonly #check = new PublishCheck();
  readonly #requests: PendingRequests;
  readonly #subscriptions = new Set<RouterSubscription>();
  readonly #queue = new DeliveryQueue<QueueEntry>((entry) => this.#handle(entry));
  readonly #slab = new ByteSlab(PASSING_SLAB_BYTES);
  readonly #owner: SubscriptionOwner = {
    arrived: (subscription, message) => this.#queue.push({ subscription, message }),
    copy: (data) => this.#slab.copy(data),
    ended: (subscription) => this.#subscriptions.delete(subscription),
    handledSoFar: () => this.#handledSoFar(),
  };
  #hasInbox = false;

  /** Connected at once. */
  constructor(router: Router, options: RouterBusOptions = {}) {
    this.#router = router;
    this.#onError = options.onError ?? ((error) => console.error(error));
    this.#board = new StatusBoard(this.#onError);
    this.#requests = new PendingRequests(options.inboxPrefix ?? "_INBOX", options.clock ?? systemClock);
  }

  get status(): BusStatus {
    return this.#board.status;
  }

  get maxPayload(): number {
    return this.#router.maxPayload;
  }

  get closed(): Promise<Error | undefined> {
    return this.#board.closed;
  }

  onStatus(listener: (status: BusStatus, cause?: Error) => void): () => void {
    return this.#board.listen(listener);
  }

  publish(subject: string, data: Uint8Array, options?: PublishOptions): void {
    if (this.status !== "connected") throw notConnected(`publish to "${subject}"`, this.status, this.#board.cause);
    this.#check.check(subject, data, options, this.#router.maxPayload);
    const reply = options?.reply;
    const headers = options?.headers?.length === 0 ? undefined : options?.headers;
    if (options?.behindOthers === true && this.#router.inputSeen !== undefined) {
      return void this.#publishBehind(this.#router.inputSeen(), subject, data.slice(), options);
    }
    const receivers = this.#router.publish(subject, data, reply, headers);
    if (receivers === 0 && reply !== undefined) this.#requests.refuse(reply);
  }

  /** Lost, as with any server, where the connection is meanwhile. */
  async #publishBehind(seen: Promise<void>, subject: string, data: Uint8Array, options: PublishOptions): Promise<void> {
    const { behindOthers: _now, ...rest } = options;
    try {
      await seen;
    } catch {
      return;
    }
    if (this.status === "connected") this.publish(subject, data, rest);
  }

  subscribe(pattern: string, handler: (message: BusMessage) => void, options: SubscribeOptions = {}): BusSubscription {
    if (this.status === "closed") throw notConnected(`subscribe to "${pattern}"`, this.status, this.#board.cause);
    checkSubscription(pattern, options);
    const subscription = new RouterSubscription(pattern, handler, options, this.#owner);
    this.#subscriptions.add(subscription);
    if (this.status === "connected") subscription.attach(this.#router);
    return subscription;
  }

  request(subject: string, data: Uint8Array, options: RequestOptions = {}): Promise<BusMessage> {
    const { headers } = options;
    return this.#requests.run(subject, options, (reply) => {
      if (this.status === "connected") this.#openInbox();
      this.publish(subject, data, headers === undefined ? { reply } : { reply, headers });
    });
  }

  /** Resolves when what was on its way to this connection has been handled. */
  flush(): Promise<void> {
    if (this.status !== "connected") return Promise.reject(notConnected("flush", this.status, this.#board.cause));
    return this.#handledSoFar();
  }

  async drain(): Promise<void> {
    if (this.status === "closed") return;
    for (const subscription of this.#subscriptions) subscription.detach();
    await this.#handledSoFar();
    await this.close();
  }

  close(): Promise<void> {
    this.#end(undefined);
    return Promise.resolve();
  }

  /** The router went away, for now: everything that is on its way is lost, requests reject. */
  disconnect(cause?: Error): void {
    if (this.status !== "connected") return;
    for (const subscription of this.#subscriptions) subscription.detach();
    this.#dropQueue();
    this.#board.set("disconnected", cause);
    this.#requests.failAll(notConnected("wait for the answer to a request", "disconnected", cause));
  }

  /** It is back: renews the subscriptions. */
  reconnect(): void {
    if (this.status !== "disconnected") return;
    for (const subscription of this.#subscriptions) subscription.attach(this.#router);
    this.#board.set("connected");
  }

  /** Nobody listens to the subject of the request with this reply subject: for routers that learn so later. */
  refuse(reply: string): void {
    this.#requests.refuse(reply);
  }

  /** The router is gone for good. */
  end(cause: Error | undefined): void {
    this.#end(cause);
  }

  /** Closes. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(cause: Error | undefined): void {
    if (this.status === "closed") return;
    for (const subscription of [...this.#subscriptions]) subscription.unsubscribe();
    this.#dropQueue();
    this.#board.set("closed", cause);
    this.#requests.failAll(notConnected("wait for the answer to a request", "closed", cause));
  }

  #openInbox(): void {
    if (this.#hasInbox) return;
    this.#hasInbox = true;
    this.subscribe(this.#requests.pattern, (answer) => this.#requests.settle(answer));
  }

  #handledSoFar(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#queue.push({ subscription: undefined, flushed: resolve }));
  }

  #handle(entry: QueueEntry): void {
    if (entry.subscription === undefined) return entry.flushed();
    try {
      entry.subscription.handle(entry.message);
    } catch (error) {
      this.#onError(asError(error));
    }
  }

  #dropQueue(): void {
    for (const entry of this.#queue.clear()) if (entry.subscription === undefined) entry.flushed();
  }
}
