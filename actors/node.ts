/**
 * The transport between processes: a life of a node on its one subject, with a link to each peer it has to do with.
 *
 * The shell around `link_peer.ts`: owns the subscription, the timers and the table of peers, and turns what comes in
 * into calls. All that is sent to one peer within a turn of the event loop leaves in a microtask as one frame. Whatever
 * is not a frame of ours is dropped and counted. Knows nothing of actors; `ActorSystem` is its caller. How links begin
 * and end is written in `link_handshake.ts`.
 * @module
 */
import type { Bus, BusMessage, BusStatus, PublishOptions } from "../bus/bus.ts";
import { type NodeRole, nodeSubject } from "../protocol/subjects.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import { ConnectionError, MailboxFull } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { type ForeignFrame, type Frame, isIncarnation, isNodeAddress, parseFrame } from "./frame.ts";
import { frameSize } from "./frame_size.ts";
import {
  ACK_DELAY_MS,
  CLOSE_FLUSH_MS,
  type LinkBounds,
  MIN_PAYLOAD_BYTES,
  RECONNECT_GRACE_HEARTBEATS,
  resolveLinkBounds,
} from "./link_bounds.ts";
import { DeafWatch } from "./deaf_watch.ts";
import { LinkClock } from "./link_clock.ts";
import { LinkEcho } from "./link_echo.ts";
import { LinkNoise } from "./link_noise.ts";
import { LinkPeer } from "./link_peer.ts";
import { guardEvents } from "./link_events.ts";
import type { LinkEvents, LinkMessage, LinkTransport, NodeAddress } from "./link_port.ts";
import { LinkRefusals } from "./link_refusals.ts";
import type { LinkShell } from "./link_shell.ts";

/** From here on the copy of a frame costs more than what it takes to say that it is not needed. */
const LONG_FRAME_BYTES = 64 * 1024;
const UNCHANGING: PublishOptions = { unchanging: true };
const BEHIND_OTHERS: PublishOptions = { behindOthers: true };

/** What a node is made of. The bus stays the caller's: `close` does not close it. */
export interface NodeOptions {
  /** Connected or about to be. */
  readonly bus: Bus;
  /** First token of all subjects after the root. */
  readonly cluster: string;
  /** First part of the address. */
  readonly role: NodeRole;
  /** Letters, digits, `-` and `_`. */
  readonly node: string;
  /** Of this life alone: 1 to 64 characters, drawn at random. */
  readonly incarnation: string;
  /** For heartbeats and delays. */
  readonly clock: Clock;
  /** ms; default 1,000. A peer silent for three is down. */
  readonly heartbeatMs?: number;
  /** Told what was dropped and why. */
  readonly log: Log;
  /** Default: those of `LinkBounds`. */
  readonly bounds?: LinkBounds;
}

const FOREIGN = "Cannot talk to a node of another protocol number; run the same version of Troupe on both sides.";

const NO_EVENTS: LinkEvents = { message() {}, down() {}, unreachable() {}, reachable() {} };

function checkOptions(address: string, { bus, node, incarnation }: NodeOptions, heartbeatMs: number): void {
  const fail = (what: string) => `Cannot make node "${node}": ${what}`;
  if (!isNodeAddress(address)) throw new TypeError(fail(`its name must be of letters, digits, "-" and "_".`));
  if (!isIncarnation(incarnation)) {
    throw new TypeError(fail(`incarnation "${incarnation}" must have 1 to 64 characters.`));
  }
  if (!(heartbeatMs > 0)) throw new RangeError(fail(`a heartbeat of ${heartbeatMs} ms must be above 0.`));
  if (bus.maxPayload >= MIN_PAYLOAD_BYTES) return;
  throw new RangeError(
    fail(`the bus takes ${bus.maxPayload} bytes at a time and links need ${MIN_PAYLOAD_BYTES}; raise max_payload.`),
  );
}

/** One life of a node. See `LinkTransport` for what it promises. */
export class Node implements LinkTransport {
  readonly address: NodeAddress;
  readonly incarnation: string;
  readonly #bus: Bus;
  readonly #cluster: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #heartbeatMs: number;
  readonly #noise: LinkNoise;
  readonly #judge: LinkClock;
  readonly #echo: LinkEcho;
  readonly #deaf: DeafWatch;
  readonly #shell: LinkShell;
  readonly #peers = new Map<NodeAddress, LinkPeer>();
  readonly #refusals: LinkRefusals;
  readonly #endings: (() => void)[] = [];
  #events: LinkEvents = NO_EVENTS;
  #generation = 0;
  #flushing: LinkPeer[] = [];
  #tickTimer: TimerHandle;
  #ackTimer: TimerHandle | null = null;
  #state: "open" | "closing" | "closed" = "open";
  #closing: Promise<void> | null = null;
  /** While closing: called whenever something was acknowledged. */
  #onProgress: (() => void) | null = null;

  /** Subscribes at once. Throws `TypeError` or `RangeError` for names and bounds that can't work. */
  constructor(options: NodeOptions) {
    const { bus, cluster, role, node, incarnation, clock, heartbeatMs = 1_000, log } = options;
    const address: NodeAddress = `${role}.${node}`;
    checkOptions(address, options, heartbeatMs);
    this.address = address;
    this.incarnation = incarnation;
    this.#bus = bus;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#log = log;
    this.#heartbeatMs = heartbeatMs;
    this.#noise = new LinkNoise(clock, log);
    this.#judge = new LinkClock(clock.now(), heartbeatMs / 2, bus.status === "connected");
    this.#echo = new LinkEcho(incarnation);
    this.#deaf = new DeafWatch(clock.now(), heartbeatMs / 2);
    this.#shell = this.#makeShell(options);
    this.#refusals = new LinkRefusals(this.#shell);
    const subscription = bus.subscribe(nodeSubject(cluster, role, node), (message) => this.#receive(message));
    const forgetStatus = bus.onStatus((status) => this.#busChanged(status));
    this.#endings.push(() => subscription.unsubscribe(), forgetStatus);
    this.#tickTimer = clock.setTimer(this.#tick, heartbeatMs / 2);
  }

  listen(events: LinkEvents): void {
    this.#events = events;
  }

  send(to: NodeAddress, message: LinkMessage): void {
    if (this.#state !== "open") throw new ConnectionError(`Cannot send to "${to}": this node is closed.`);
    const size = frameSize(message);
    const peer = this.#peer(to);
    if (peer.full) {
      throw new MailboxFull(
        `Cannot send to "${to}": its credit is used up and the queue to it is full; wait for drained().`,
      );
    }
    peer.push(message, size);
    this.#flushSoon(peer);
  }

  drained(to: NodeAddress): Promise<void> {
    return this.#peers.get(to)?.drained() ?? Promise.resolve();
  }

  watch(peer: NodeAddress): void {
    if (this.#state !== "open") return;
    const watched = this.#peer(peer);
    watched.watched = true;
    watched.connect();
  }

  unwatch(peer: NodeAddress): void {
    const watched = this.#peers.get(peer);
    if (watched !== undefined) watched.watched = false;
  }

  /** Whether anything is queued or not acknowledged, to anybody. */
  get busy(): boolean {
    for (const peer of this.#peers.values()) if (peer.busy) return true;
    return false;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #makeShell(options: NodeOptions): LinkShell {
    const [judge, bus] = [this.#judge, this.#bus];
    return {
      self: { address: this.address, incarnation: this.incarnation },
      bounds: resolveLinkBounds(options.bounds),
      heartbeatMs: this.#heartbeatMs,
      events: guardEvents(() => this.#events, this.#log),
      get countedMs() {
        return judge.countedMs;
      },
      get maxPayload() {
        return bus.maxPayload;
      },
      nextGeneration: () => this.#generation += 1,
      publish: (to, bytes) => this.#publish(to, bytes),
      refuse: (frame) => this.#refusals.refuse(frame),
      receiptOwed: () => this.#oweReceipt(),
      progressed: () => this.#onProgress?.(),
      forget: (peer) => this.#peers.delete(peer),
      noise: (kind, fields) => this.#noise.note("error", kind, fields),
    };
  }

  #peer(address: NodeAddress): LinkPeer {
    const known = this.#peers.get(address);
    if (known !== undefined) return known;
    if (address === this.address) throw new TypeError(`Cannot link to "${address}": it is this node itself.`);
    if (!isNodeAddress(address)) {
      throw new TypeError(`Cannot link to "${address}": a node's address is <role>.<node>, as in "host.a1".`);
    }
    const peer = new LinkPeer(this.#shell, address);
    this.#peers.set(address, peer);
    return peer;
  }

  #flushSoon(peer: LinkPeer): void {
    if (peer.flushing) return;
    peer.flushing = true;
    if (this.#flushing.push(peer) === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const peers = this.#flushing;
    this.#flushing = [];
    for (const peer of peers) {
      peer.flushing = false;
      peer.flush();
    }
  };

  #publish(to: NodeAddress, bytes: Uint8Array): void {
    if (this.#bus.status !== "connected") return;
    try {
      const dot = to.indexOf(".");
      const subject = nodeSubject(this.#cluster, to.slice(0, dot) as NodeRole, to.slice(dot + 1));
      // The link keeps a frame as it is until it is acknowledged.
      if (bytes.length < LONG_FRAME_BYTES) this.#bus.publish(subject, bytes);
      else this.#bus.publish(subject, bytes, UNCHANGING);
    } catch (error) {
      // The link keeps the frame; it is asked for after the reconnect.
      if (!(error instanceof ConnectionError)) this.#noise.note("error", "Could not publish a frame.", { to, error });
    }
  }

  #publishEcho(): void {
    if (this.#bus.status !== "connected") return;
    const [role, name] = this.address.split(".");
    try {
      this.#bus.publish(nodeSubject(this.#cluster, role as NodeRole, name ?? ""), this.#echo.next(), BEHIND_OTHERS);
    } catch (error) {
      // The next tick says another one.
      if (!(error instanceof ConnectionError)) this.#noise.note("error", "Could not publish to ourselves.", { error });
    }
  }

  #receive(message: BusMessage): void {
    this.#deaf.heard();
    if (this.#state === "closed" || this.#echo.take(message.data)) return;
    // Messages are views of the frame and outlive this call; the bus may reuse its buffer, and a short frame would keep it.
    const isOurs = message.unchanging === true && message.data.length >= LONG_FRAME_BYTES;
    const frame = parseFrame(isOurs ? message.data : message.data.slice());
    if (frame === null) {
      const { subject, data } = message;
      return this.#noise.note("warn", "Dropped what is no frame of a link.", { subject, bytes: data.length });
    }
    const { from } = frame;
    if (from === this.address) return this.#noise.note("warn", "Dropped a frame in our own name.", { from });
    if (frame.kind === "foreign") return this.#receiveForeign(frame);
    const peer = this.#peers.get(from) ?? this.#welcome(frame);
    peer?.receive(frame, message.data.length);
    if (peer?.isStranger && this.#peers.get(from) === peer) this.#peers.delete(from);
  }

  /** Strangers begin with a hello; anything else is from a link that is dead, or never was. */
  #welcome(frame: Frame): LinkPeer | undefined {
    if (frame.kind === "reset" || frame.kind === "bye") return undefined;
    if (frame.kind !== "hello") {
      this.#refusals.refuse(frame);
      return undefined;
    }
    if (this.#state !== "open") return undefined;
    if (this.#peers.size < this.#shell.bounds.peers) return this.#peer(frame.from);
    this.#noise.note("warn", "Ignored the hello of a node: too many peers are known.", { from: frame.from });
    return undefined;
  }

  #receiveForeign(frame: ForeignFrame): void {
    const { from, protocol, isHello } = frame;
    this.#noise.note("error", FOREIGN, { from, protocol, ours: PROTOCOL_VERSION, code: "VERSION_MISMATCH" });
    if (!isHello) return;
    this.#peers.get(from)?.receiveForeign(frame);
    this.#refusals.answerForeign(frame);
  }

  #oweReceipt(): void {
    this.#ackTimer ??= this.#clock.setTimer(this.#sendReceipts, ACK_DELAY_MS);
  }

  readonly #sendReceipts = (): void => {
    this.#ackTimer = null;
    for (const peer of this.#peers.values()) peer.sendReceipt();
  };

  readonly #tick = (): void => {
    this.#tickTimer = this.#clock.setTimer(this.#tick, this.#heartbeatMs / 2);
    this.#judge.tick(this.#clock.now(), this.#echo.isBack);
    if (this.#deaf.tick(this.#clock.now()) && this.#bus.renew?.()) {
      this.#log("warn", "Heard nothing, not even ourselves: moving to another server.");
    }
    this.#refusals.clear();
    let judging = false;
    for (const peer of [...this.#peers.values()]) judging = peer.tick() || judging;
    if (judging) this.#publishEcho();
    this.#deaf.asked(judging && this.#bus.status === "connected");
  };

  #busChanged(status: BusStatus): void {
    if (this.#state === "closed") return;
    if (status === "connected") {
      this.#echo.forget();
      this.#judge.resume(this.#clock.now(), this.#heartbeatMs * RECONNECT_GRACE_HEARTBEATS);
      for (const peer of [...this.#peers.values()]) peer.busFound();
      return;
    }
    this.#judge.stop();
    if (status === "closed") return this.#end();
    for (const peer of [...this.#peers.values()]) peer.busLost();
  }

  async #close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closing";
    this.#flush();
    if (this.#bus.status === "connected") await this.#allAcknowledged();
    this.#end();
    if (this.#bus.status === "connected") await this.#bounded(this.#bus.flush().catch(() => {}));
  }

  #allAcknowledged(): Promise<void> {
    const acknowledged = new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (!this.busy) resolve();
      };
      // Acknowledgements would take their time.
      for (const peer of this.#peers.values()) if (peer.busy) peer.ask();
      this.#onProgress();
    });
    return this.#bounded(acknowledged);
  }

  async #bounded(wait: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(late.resolve, CLOSE_FLUSH_MS);
    await Promise.race([wait, late.promise]);
    this.#clock.clearTimer(timer);
  }

  #end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#onProgress = null;
    for (const ending of this.#endings.splice(0)) ending();
    this.#clock.clearTimer(this.#tickTimer);
    if (this.#ackTimer !== null) this.#clock.clearTimer(this.#ackTimer);
    for (const peer of [...this.#peers.values()]) peer.leave();
  }
}
