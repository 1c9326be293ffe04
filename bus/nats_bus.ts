/**
 * A bus over a NATS server or cluster, through the official client.
 *
 * The client alone would lose what is published while it reconnects, let requests in flight time out, and end its reader
 * when a handler throws; here each of these is an error at once. What remains: bytes handed to the socket in the moment
 * before the operating system reports its end are lost without an error. Whoever needs more (links do) counts and
 * sends again. Called by compositions, through `connectNats`; nothing else of the client is used outside `bus/nats_*`.
 * @module
 */
import type {
  Bus,
  BusMessage,
  BusOptions,
  BusStatus,
  BusSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from "./bus.ts";
import { checkSubscription, notConnected, PublishCheck } from "./call_checks.ts";
import { type NatsCredentials } from "./nats_address.ts";
import { type OpenedNats, openNats } from "./nats_connection.ts";
import { connectFailure, forbiddenSubject, serverError } from "./nats_errors.ts";
import { isNoResponders, NatsMessage, toNatsHeaders } from "./nats_message.ts";
import { PendingRequests } from "./pending_requests.ts";
import { asError, StatusBoard } from "./status_board.ts";
import { isValidSubject } from "./subject_tree.ts";
import type { Msg, Subscription } from "../deps/nats.ts";
import { ByteSlab, PASSING_SLAB_BYTES } from "../wire/byte_slab.ts";
import { type Clock, systemClock } from "../wire/clock.ts";
import { ConnectionError } from "../wire/errors.ts";

/** Options of `connectNats`. Durations in ms. */
export interface NatsBusOptions extends BusOptions {
  /** `nats://[user:pass@]host:port`, several in a list or with commas between them. */
  readonly servers: string | readonly string[];
  /** Default: those in the URL, else none. */
  readonly credentials?: NatsCredentials;
  /** What the server's monitoring shows; default `troupe`. */
  readonly name?: string;
  /** For one attempt to connect; default 5,000. */
  readonly timeout?: number;
  /** Between pings; after two without an answer the connection counts as lost. Default 10,000. */
  readonly pingInterval?: number;
  /** Pause before the first reconnect attempt; doubles up to `reconnectMax`. Default 50. */
  readonly reconnectInitial?: number;
  /** Default 2,000. */
  readonly reconnectMax?: number;
  /** Spreads the pauses, so that not all come back at once; default `Math.random`. */
  readonly random?: () => number;
  /** For the time-outs of requests; default: the system's. */
  readonly clock?: Clock;
}

/**
 * Connects. Rejects with `AuthorizationError` when the credentials are refused, with `ConnectionError` when no server
 * of the list answers. After that it reconnects for ever, unless its credentials are refused.
 *
 * @example
 * ```ts ignore
 * import { connectNats } from "./nats_bus.ts";
 *
 * await using bus = await connectNats({ servers: "nats://127.0.0.1:4222" });
 * bus.publish("greet", new TextEncoder().encode("hello"));
 * await bus.flush();
 * ```
 */
export async function connectNats(options: NatsBusOptions): Promise<Bus> {
  return new NatsBus(await openNats(options), options);
}

class NatsBus implements Bus {
  readonly #nats: OpenedNats;
  readonly #onError: (error: Error) => void;
  readonly #board: StatusBoard;
  readonly #check = new PublishCheck();
  readonly #slab = new ByteSlab(PASSING_SLAB_BYTES);
  readonly #requests: PendingRequests;
  readonly #subscriptions = new Set<Subscription>();
  /** Rejects what waits for the server. */
  readonly #waiting = new Set<(error: Error) => void>();
  #hasInbox = false;
  #refusal: Error | undefined;

  constructor(nats: OpenedNats, options: NatsBusOptions) {
    this.#nats = nats;
    this.#onError = options.onError ?? ((error) => console.error(error));
    this.#board = new StatusBoard(this.#onError);
    this.#requests = new PendingRequests(options.inboxPrefix ?? "_INBOX", options.clock ?? systemClock);
    nats.listen({
      lost: () => this.#lost(),
      back: () => this.#board.set("connected"),
      reported: (error) => this.#reported(error),
      refused: (error) => this.#refusal = serverError(error),
      ended: (error) => this.#end(error && connectFailure(error, nats.names)),
    });
  }

  get status(): BusStatus {
    return this.#board.status;
  }

  get maxPayload(): number {
    return this.#nats.maxPayload;
  }

  get closed(): Promise<Error | undefined> {
    return this.#board.closed;
  }

  onStatus(listener: (status: BusStatus, cause?: Error) => void): () => void {
    return this.#board.listen(listener);
  }

  publish(subject: string, data: Uint8Array, options?: PublishOptions): void {
    if (this.status !== "connected" || !this.#nats.alive) throw this.#notConnected(`publish to "${subject}"`);
    this.#check.check(subject, data, options, this.#nats.maxPayload);
    // The client holds on to the bytes until its next flush.
    const copy = options?.unchanging === true ? data : this.#slab.copy(data);
    if (options === undefined) return this.#nats.connection.publish(subject, copy);
    const { reply, headers } = options;
    this.#nats.connection.publish(subject, copy, {
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined || headers.length === 0 ? {} : { headers: toNatsHeaders(headers) }),
    });
  }

  subscribe(pattern: string, handler: (message: BusMessage) => void, options: SubscribeOptions = {}): BusSubscription {
    const literal = isValidSubject(pattern) ? pattern : undefined;
    const subscription = this.#listen(pattern, options, (message) => {
      if (!isNoResponders(message)) handler(new NatsMessage(message, literal));
    });
    const unsubscribe = () => {
      this.#subscriptions.delete(subscription);
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
    return {
      subject: pattern,
      unsubscribe,
      drain: async () => {
        try {
          const connected = this.status === "connected" && this.#nats.alive && !subscription.isClosed();
          if (connected) await this.#whileConnected(subscription.drain(), "drain");
        } catch (error) {
          // Lost on the way: what was to be handled is lost with it.
          if (!(error instanceof ConnectionError)) throw error;
        }
        unsubscribe();
      },
    };
  }

  request(subject: string, data: Uint8Array, options: RequestOptions = {}): Promise<BusMessage> {
    const { headers } = options;
    return this.#requests.run(subject, options, (reply) => {
      if (this.status === "connected") this.#openInbox();
      this.publish(subject, data, headers === undefined ? { reply } : { reply, headers });
    });
  }

  flush(): Promise<void> {
    if (this.status !== "connected" || !this.#nats.alive) return Promise.reject(this.#notConnected("flush"));
    return this.#whileConnected(this.#nats.connection.flush(), "flush");
  }

  renew(): boolean {
    return this.status === "connected" && this.#nats.renew();
  }

  async drain(): Promise<void> {
    if (this.status === "connected") {
      try {
        const drained = [...this.#subscriptions].filter((each) => !each.isClosed()).map((each) => each.drain());
        await this.#whileConnected(Promise.all(drained), "drain");
        await this.flush();
      } catch (error) {
        // Lost on the way: what was to be drained is lost with it, and closing is all that is left to do.
        if (!(error instanceof ConnectionError)) throw error;
      }
    }
    await this.close();
  }

  async close(): Promise<void> {
    this.#end(undefined);
    await this.#nats.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(pattern: string, options: SubscribeOptions, take: (message: Msg) => void): Subscription {
    if (this.status === "closed") throw this.#notConnected(`subscribe to "${pattern}"`);
    checkSubscription(pattern, options);
    const subscription = this.#nats.connection.subscribe(pattern, {
      ...options,
      callback: (error, message) => {
        // An error here is a refused subscription, which is reported as the server's error too.
        if (error !== null || this.status === "closed") return;
        try {
          take(message);
        } catch (thrown) {
          this.#onError(asError(thrown));
        }
      },
    });
    this.#subscriptions.add(subscription);
    subscription.closed.then(() => this.#subscriptions.delete(subscription));
    return subscription;
  }

  #openInbox(): void {
    if (this.#hasInbox) return;
    this.#hasInbox = true;
    this.#listen(this.#requests.pattern, {}, (message) => {
      if (isNoResponders(message)) this.#requests.refuse(message.subject);
      else this.#requests.settle(new NatsMessage(message, undefined));
    });
  }

  /** Besides `onError`, requests that can have no answer hear of it: theirs was refused, or their inbox. */
  #reported(error: Error): void {
    const known = serverError(error);
    const forbidden = forbiddenSubject(error);
    if (forbidden?.operation === "publish") this.#requests.failSubject(forbidden.subject, known);
    else if (forbidden?.subject === this.#requests.pattern) {
      this.#hasInbox = false;
      this.#requests.failAll(known);
    }
    this.#onError(known);
  }

  #lost(): void {
    const lost = new ConnectionError(`Lost the connection to ${this.#nats.names}; it is being renewed.`);
    this.#board.set("disconnected", this.#refusal ?? lost);
    this.#refusal = undefined;
    this.#rejectWaiting();
  }

  #end(cause: Error | undefined): void {
    this.#board.set("closed", cause);
    this.#rejectWaiting();
  }

  #rejectWaiting(): void {
    this.#requests.failAll(this.#notConnected("wait for the answer to a request"));
    for (const reject of this.#waiting) reject(this.#notConnected("wait for the server"));
  }

  /** The outcome of `work`, or a `ConnectionError` when the connection is lost first. */
  async #whileConnected(work: Promise<unknown>, action: string): Promise<void> {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    this.#waiting.add(reject);
    try {
      await Promise.race([work, lost]);
    } catch (error) {
      throw error instanceof ConnectionError ? error : this.#notConnected(action);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  #notConnected(action: string): ConnectionError {
    return notConnected(action, this.status, this.#board.cause);
  }
}
