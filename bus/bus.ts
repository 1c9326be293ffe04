/**
 * The port "bytes on subjects": all that Troupe needs of NATS.
 *
 * Narrow on purpose, so that the in-memory adapter, the adapter over the official NATS client and the embedded broker's
 * own side can all be held to one conformance suite. Knows nothing of actors or tasks.
 * @module
 */

/** Header names and their values, in order. Names are compared as they are written. */
export type BusHeaders = readonly (readonly [name: string, value: string])[];

/** A message as it was delivered. `data` may be a view into a receive buffer: copy what is to outlive the handler. */
export interface BusMessage {
  /** What it was published to. */
  readonly subject: string;
  /** Its bytes. */
  readonly data: Uint8Array;
  /** Where an answer goes, if one is wanted. */
  readonly reply: string | undefined;
  /** `undefined` where there are none. */
  readonly headers: BusHeaders | undefined;
  /** Nobody will write to `data` any more: it may be kept as it is. Absent: it has to be copied. */
  readonly unchanging?: boolean;
}

/** What goes with a message. */
export interface PublishOptions {
  /** Where an answer should go. */
  readonly reply?: string;
  /** None, if empty. */
  readonly headers?: BusHeaders;
  /** Nobody will change the bytes, ever: they need not be copied. Default false. */
  readonly unchanging?: boolean;
  /**
   * It is to arrive behind all that others sent before, also where there is no server between that would see to it. Default
   * false: what a connection says to itself may come at once.
   */
  readonly behindOthers?: boolean;
}

/** Which messages a subscription gets, and how many. */
export interface SubscribeOptions {
  /** Of all subscriptions with this queue name and subject, one gets each message. */
  readonly queue?: string;
  /** Ends by itself after so many messages. */
  readonly max?: number;
}

/** How long to wait for an answer, and what goes with the question. */
export interface RequestOptions {
  /** ms; default 5,000. */
  readonly timeout?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Of the question. */
  readonly headers?: BusHeaders;
}

/** Messages that go to a handler until it is ended. */
export interface BusSubscription {
  /** The subject or pattern that was asked for. */
  readonly subject: string;
  /** Ends now; no handler call follows. */
  unsubscribe(): void;
  /**
   * Gets nothing that is published from now on, and ends when all that is on its way to it has been handled; then it
   * resolves. Where the connection is away or gets lost, nothing is on its way, and it ends at once. Never rejects.
   */
  drain(): Promise<void>;
}

/** `disconnected` is passing: the adapter reconnects by itself and renews subscriptions. `closed` is for ever. */
export type BusStatus = "connected" | "disconnected" | "closed";

/**
 * A connection. Messages of one publisher arrive at one subscription in the order in which they were published.
 * Handlers run synchronously, one after the other; one that throws is reported to `onError` and loses nothing else.
 */
export interface Bus extends AsyncDisposable {
  /** What `onStatus` last said; `connected` at first. */
  readonly status: BusStatus;
  /** Largest payload in bytes, headers included. */
  readonly maxPayload: number;
  /**
   * Hands bytes to the connection; does not wait. The bytes may be changed as soon as it returns.
   * Throws `ConnectionError` unless connected (nothing is ever lost in silence here), `RangeError` past `maxPayload`,
   * `TypeError` for a subject that is empty, has blanks, empty tokens or wildcards.
   */
  publish(subject: string, data: Uint8Array, options?: PublishOptions): void;
  /** Works while disconnected too: takes effect with the reconnect. */
  subscribe(subject: string, handler: (message: BusMessage) => void, options?: SubscribeOptions): BusSubscription;
  /**
   * Publishes with an inbox as reply and resolves with the first answer. Rejects with `NoRespondersError` at once when
   * nobody listens, `TimeoutError` when nobody answers in time, `ConnectionError` when the connection is or gets lost,
   * the signal's reason when aborted.
   */
  request(subject: string, data: Uint8Array, options?: RequestOptions): Promise<BusMessage>;
  /** Resolves when the server has processed all that was published and subscribed before. */
  flush(): Promise<void>;
  /** Ends subscriptions, handles what was already on its way to them, flushes, closes. */
  drain(): Promise<void>;
  /** Closes now. Idempotent. */
  close(): Promise<void>;
  /**
   * For who knows that the connection is dead though it seems not to be: drops it and connects to another server. `false`
   * where there is no other. Absent: there never is.
   */
  renew?(): boolean;
  /** Calls back on each change of `status`, with the error that caused it if any; the result takes the callback away. */
  onStatus(listener: (status: BusStatus, cause?: Error) => void): () => void;
  /** Resolves when closed: with the error that closed it, or undefined. Never rejects. */
  readonly closed: Promise<Error | undefined>;
}

/** What every adapter's `connect` takes, besides what is its own. */
export interface BusOptions {
  /** Inboxes for replies start with this; default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** A handler threw, or the server sent an error (a permission violation, say) that belongs to no call. */
  readonly onError?: (error: Error) => void;
}
