/**
 * One TCP client of the broker: its operations, its subscriptions, what is on its way to it, and how it ends.
 *
 * Answers in the words of `nats-server` and closes where that does. Everything it is handed while it is open goes into
 * one outbound buffer, which is bounded: a client that does not read is cut off, and nobody else waits for it for long.
 * The broker creates one for each accepted connection.
 * @module
 */
import type { Authenticator } from "./authenticator.ts";
import type { ResolvedLimits } from "./broker_limits.ts";
import { type ByteStream, isDisconnect, StreamWriter } from "./byte_stream.ts";
import { type ConnectOptions, defaultConnectOptions, readConnect } from "./connect_options.ts";
import { Liveness } from "./liveness.ts";
import { OutboundBuffer } from "./outbound_buffer.ts";
import { type Permissions, unrestricted } from "./permissions.ts";
import { type OperationSink, type ParseFailure, ProtocolParser, type PublishOperation } from "./protocol_parser.ts";
import { type Receiver, type RoutingTable, Subscription } from "./routing_table.ts";
import type { SubjectTable } from "./subject_table.ts";
import type { Clock } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";

/** What all connections of one broker share. */
export interface ConnectionContext {
  /** What each may ask for. */
  readonly limits: ResolvedLimits;
  /** Who may come in. */
  readonly authenticator: Authenticator;
  /** Who listens. */
  readonly routes: RoutingTable;
  /** Subjects that were seen. */
  readonly subjects: SubjectTable;
  /** For time-outs, pings and pauses. */
  readonly clock: Clock;
  /** For operators. */
  readonly log: Log;
  /** Set while a chunk is routed, when the buffer of a receiver is nearly full: who sends to it pauses. */
  congested: ClientConnection | undefined;
  /** Connections that are not read just now, for a moment. */
  paused: number;
}

/** `ending`: says nothing new, writes what is queued; `closed`: the stream is closed. */
type State = "open" | "ending" | "closed";

const FIRST_READ_BYTES = 4_096;
const FULL_READ_BYTES = 65_536;
/** How long a client that is being told to go may take to read why. */
const LINGER_MS = 1_000;
/** A publisher pauses this long at most for each chunk that goes to a nearly full buffer. */
export const LONGEST_PAUSE_MS = 10;
/** Of the bytes that may wait for a client: from here on its publishers pause, until it is back at the second. */
const NEARLY_FULL = 0.75;
const EASED = 0.5;
const NO_RESPONDERS = new TextEncoder().encode("NATS/1.0 503\r\n\r\n");

/** What a client is told when its stream cannot be read on; nothing where `nats-server` says nothing. */
const FAILURES: Readonly<Record<ParseFailure, string | undefined>> = {
  "unknown-operation": "Unknown Protocol Operation",
  "bad-arguments": undefined,
  "control-line-too-long": "maximum control line exceeded",
  "payload-too-large": "Maximum Payload Violation",
  "connect-expected": "Authorization Violation",
  "headers-not-agreed": undefined,
  "complaint": undefined,
};

/** One client. */
export class ClientConnection implements OperationSink, Receiver {
  readonly #id: number;
  readonly #stream: ByteStream;
  readonly #context: ConnectionContext;
  readonly #parser: ProtocolParser;
  readonly #outbound = new OutboundBuffer();
  readonly #writer: StreamWriter;
  readonly #liveness: Liveness;
  readonly #subscriptions = new Map<string, Subscription>();
  #options: ConnectOptions = defaultConnectOptions;
  #permissions: Permissions | undefined;
  #state: State = "open";
  #lingerTimer: unknown;

  /** `id` is unique within the broker; it names the client in the log. */
  constructor(id: number, stream: ByteStream, context: ConnectionContext) {
    this.#id = id;
    this.#stream = stream;
    this.#context = context;
    this.#parser = new ProtocolParser(this, context.limits, context.subjects);
    const easedBytes = context.limits.maxPendingBytes * EASED;
    this.#writer = new StreamWriter(stream, this.#outbound, easedBytes, () => this.close());
    this.#permissions = context.authenticator.required ? undefined : unrestricted;
    this.#liveness = new Liveness(context.clock, context.limits, {
      authenticationTimedOut: () => this.#end("Authentication Timeout"),
      pingDue: () => this.#line("PING"),
      wentStale: () => this.#end("Stale Connection"),
    });
  }

  /** Talks to the client until it or the broker ends the connection; `refusal` ends it at once. Never rejects. */
  async run(info: string, refusal?: string): Promise<void> {
    this.#line(info);
    this.#liveness.start(this.#permissions === undefined);
    if (refusal !== undefined) this.#end(refusal);
    try {
      await this.#readAll();
    } catch (error) {
      // A reset, or our own close, is how connections end; anything else is a mistake of ours.
      if (!isDisconnect(error)) {
        this.#context.log("error", "Cannot go on serving a client.", { client: this.#id, error });
      }
    }
    this.#end();
    await this.#writer.idle;
    this.close();
  }

  /** Ends the connection now. What has not been written is lost. */
  close(): void {
    if (this.#state === "closed") return;
    this.#leave("closed");
    if (this.#lingerTimer !== undefined) this.#context.clock.clearTimer(this.#lingerTimer);
    try {
      this.#stream.close();
    } catch {
      // The runtime closed it already.
    }
  }

  /** Nobody has logged in yet. */
  get mayOnlyConnect(): boolean {
    return this.#permissions === undefined;
  }

  /** The client asked for headers. */
  get acceptsHeaders(): boolean {
    return this.#options.headers;
  }

  /** The client wants to hear itself. */
  get echo(): boolean {
    return this.#options.echo;
  }

  connect(json: Uint8Array): void {
    const options = readConnect(json, this.#options);
    if (options === undefined) return this.#end();
    const permissions = this.#context.authenticator.admit(options);
    if (permissions === undefined) return this.#end("Authorization Violation");
    if (options.protocol < 0 || options.protocol > 1) return this.#end("invalid client protocol");
    if (options.noResponders && !options.headers) return this.#end("no responders requires headers support");
    this.#options = options;
    this.#permissions = permissions;
    this.#liveness.authenticated();
    this.#acknowledge();
  }

  ping(): void {
    this.#line("PONG");
  }

  pong(): void {
    // `heard` has counted it.
  }

  publish(message: PublishOperation): void {
    const { text, literal } = message.subject;
    if (this.#permissions?.mayPublish(text) !== true) {
      return this.#complain(`Permissions Violation for Publish to "${text}"`);
    }
    if (this.#options.pedantic && !literal) this.#complain("Invalid Publish Subject");
    this.#acknowledge();
    const receivers = this.#context.routes.publish(this, message);
    if (receivers > 0 || message.reply === undefined || !this.#options.noResponders) return;
    const waiting = this.#context.routes.subscriptionFor(this, message.reply);
    if (waiting === undefined) return;
    this.#outbound.message(message.reply, waiting.sid, undefined, NO_RESPONDERS.length, NO_RESPONDERS, true);
    this.#queued();
  }

  subscribe(pattern: string, queue: string | undefined, sid: string): void {
    if (this.#permissions?.maySubscribe(pattern) !== true) {
      const group = queue === undefined ? "" : ` using queue "${queue}"`;
      return this.#complain(`Permissions Violation for Subscription to "${pattern}"${group}`);
    }
    if (this.#subscriptions.size >= this.#context.limits.maxSubscriptionsPerConnection) {
      return this.#complain("maximum subscriptions exceeded");
    }
    if (!this.#subscriptions.has(sid)) {
      const subscription = new Subscription(this, pattern, queue, sid);
      if (!this.#context.routes.add(subscription)) return this.#complain("Invalid Subject");
      this.#subscriptions.set(sid, subscription);
    }
    this.#acknowledge();
  }

  unsubscribe(sid: string, max: number): void {
    const subscription = this.#subscriptions.get(sid);
    if (subscription !== undefined && max > subscription.delivered) {
      subscription.max = max;
    } else if (subscription !== undefined) {
      this.#context.routes.remove(subscription);
      this.exhausted(subscription);
    }
    this.#acknowledge();
  }

  fail(failure: ParseFailure): void {
    this.#context.log("debug", "A client broke the protocol.", { client: this.#id, failure });
    this.#end(FAILURES[failure]);
  }

  receive(subscription: Subscription, message: PublishOperation): void {
    if (this.#state !== "open") return;
    let { payload, headerBytes } = message;
    if (headerBytes > 0 && !this.#options.headers) {
      payload = payload.subarray(headerBytes);
      headerBytes = 0;
    }
    this.#outbound.message(
      message.subject.text,
      subscription.sid,
      message.reply,
      headerBytes,
      payload,
      message.owned,
    );
    this.#queued();
  }

  exhausted(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.sid);
  }

  async #readAll(): Promise<void> {
    let buffer = new Uint8Array(FIRST_READ_BYTES);
    while (true) {
      const size = await this.#stream.read(buffer);
      if (size === null) return;
      if (this.#state === "closed") return;
      // Reading on, so that the system does not take the last words back with a reset.
      if (this.#state === "ending") continue;
      this.#liveness.heard();
      this.#context.congested = undefined;
      this.#parser.push(buffer.subarray(0, size));
      if (size === buffer.length && size < FULL_READ_BYTES) buffer = new Uint8Array(FULL_READ_BYTES);
      const { congested } = this.#context;
      if (congested !== undefined) await this.#pauseFor(congested);
    }
  }

  /** Gives a receiver that lags behind a chance to read, before more is read for it. */
  async #pauseFor(congested: ClientConnection): Promise<void> {
    const { clock } = this.#context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimer(resolve, LONGEST_PAUSE_MS);
    this.#context.paused++;
    await Promise.race([promise, congested.#writer.eased]);
    this.#context.paused--;
    clock.clearTimer(timer);
  }

  #line(text: string): void {
    if (this.#state !== "open") return;
    this.#outbound.line(text);
    this.#queued();
  }

  #acknowledge(): void {
    if (this.#options.verbose) this.#line("+OK");
  }

  #complain(text: string): void {
    this.#line(`-ERR '${text}'`);
  }

  #queued(): void {
    const { limits, log } = this.#context;
    const pendingBytes = this.#outbound.pendingBytes;
    if (pendingBytes > limits.maxPendingBytes * NEARLY_FULL) {
      this.#context.congested = this;
      if (pendingBytes > limits.maxPendingBytes) {
        log("warn", "Cut off a slow consumer.", { client: this.#id, name: this.#options.name, pendingBytes });
        return this.close();
      }
    }
    this.#writer.wake();
  }

  /** Ends the connection when the client has been told why, or has had its time. */
  #end(error?: string): void {
    if (this.#state !== "open") return;
    if (error !== undefined) this.#complain(error);
    if (this.#state !== "open") return;
    this.#leave("ending");
    this.#lingerTimer = this.#context.clock.setTimer(() => this.close(), LINGER_MS);
    this.#writer.finish();
  }

  #leave(state: State): void {
    this.#state = state;
    this.#parser.stop();
    this.#liveness.stop();
    for (const subscription of this.#subscriptions.values()) this.#context.routes.remove(subscription);
    this.#subscriptions.clear();
  }
}
