/**
 * One link: our end of the one connection to a peer, its two halves, and what its silence means.
 *
 * Pure: no bus, no timer; time is handed in as what `link_clock.ts` counted. What a frame does to a link is decided in
 * `link_handshake.ts`. A link is `opening` until a frame proves that the peer knows this very end of it, then `open`,
 * then `closed` for good; it never goes back. Used by `node.ts`.
 * @module
 */
import type { FrameEnds, FrameReceipt } from "./frame.ts";
import { DOWN_HEARTBEATS, IN_USE_HEARTBEATS, PROBE_HEARTBEATS, UNREACHABLE_HEARTBEATS } from "./link_bounds.ts";
import { LinkInbox } from "./link_inbox.ts";
import { LinkOutbox } from "./link_outbox.ts";
import type { NodeAddress } from "./link_port.ts";

/** The other end: which life of the peer, and the number it gave its end. */
export interface LinkRemote {
  readonly incarnation: string;
  readonly generation: number;
}

/** Who we are, in every frame. */
export interface LinkSelf {
  readonly address: NodeAddress;
  readonly incarnation: string;
}

/** What a tick finds: how silent the peer is, and whether to ask it for a sign of life. */
export interface LinkTick {
  readonly silence: "none" | "unreachable" | "down";
  readonly asks: boolean;
  /** Whether silence counts now. */
  readonly judged: boolean;
}

/** Ticks come a little early or late; a verdict should not wait for the next one because of that. */
const TICK_SLACK_HEARTBEATS = 0.25;

/**
 * Silence after which a tick asks for a sign of life: one question a heartbeat while answers come. Nothing else is
 * needed to find lost frames: whatever the peer sends makes us say how far we have sent, and the question does too.
 */
const ASK_HEARTBEATS = 0.75;

/** Our end of one link, in all its phases. */
export class Link {
  readonly outbox = new LinkOutbox();
  readonly inbox: LinkInbox;
  /** Whether `unreachable` was told and `reachable` not yet. */
  unreachable = false;
  readonly #self: LinkSelf;
  #generation: number;
  #phase: "opening" | "open" | "closed" = "opening";
  #remote: LinkRemote | null = null;
  #ends: FrameEnds;
  #heardMs: number;
  #usedMs: number;

  /** A new end, `opening`; `generation` must never have been used in this life of ours. */
  constructor(self: LinkSelf, generation: number, windowBytes: number, countedMs: number) {
    this.#self = self;
    this.#generation = generation;
    this.inbox = new LinkInbox(windowBytes);
    this.#heardMs = countedMs;
    this.#usedMs = countedMs;
    this.#ends = this.#makeEnds();
  }

  /** The number of our end. */
  get generation(): number {
    return this.#generation;
  }

  /** Only ever moves on. */
  get phase(): "opening" | "open" | "closed" {
    return this.#phase;
  }

  /** Who is at the other end; of an opening link, who seems to be. */
  get remote(): LinkRemote | null {
    return this.#remote;
  }

  /** The fixed part of every frame of this link. */
  get ends(): FrameEnds {
    return this.#ends;
  }

  /** What rides on every frame of this link. */
  get receipt(): FrameReceipt {
    return this.inbox;
  }

  /** Whether `remote` is this life and number. */
  isTo(remote: LinkRemote): boolean {
    return this.#remote?.incarnation === remote.incarnation && this.#remote.generation === remote.generation;
  }

  /** While opening: this seems to be the other end. */
  bind(remote: LinkRemote): void {
    this.#remote = { incarnation: remote.incarnation, generation: remote.generation };
    this.#ends = this.#makeEnds();
  }

  /** The other end has proved to know ours. */
  open(remote: LinkRemote, countedMs: number): void {
    this.bind(remote);
    this.#phase = "open";
    this.heard(countedMs);
    this.used(countedMs);
  }

  /** While opening: the end we were bound to is dead; start again under a new number, with what is queued. */
  renew(generation: number): void {
    this.#generation = generation;
    this.#remote = null;
    this.#ends = this.#makeEnds();
  }

  /** Ends it for good. */
  close(): void {
    this.#phase = "closed";
  }

  /** A frame of this link came in. */
  heard(countedMs: number): void {
    this.#heardMs = countedMs;
  }

  /** Messages went or came. */
  used(countedMs: number): void {
    this.#usedMs = countedMs;
  }

  /** After our own absence nobody is blamed for the time before. */
  forgive(countedMs: number): void {
    this.#heardMs = countedMs;
  }

  /**
   * Half a heartbeat or more has passed. `watched`: somebody here wants to know whether the peer lives. `patience`: how
   * many times longer than others it may be silent.
   */
  tick(countedMs: number, heartbeatMs: number, watched: boolean, patience: number): LinkTick {
    this.inbox.askAgain();
    if (!this.#matters(countedMs, heartbeatMs, watched)) {
      this.#heardMs = countedMs;
      return { silence: "none", asks: false, judged: false };
    }
    const silent = (countedMs - this.#heardMs) / heartbeatMs;
    return {
      silence: verdict(silent / patience),
      asks: this.#phase === "opening" || silent >= ASK_HEARTBEATS,
      judged: true,
    };
  }

  /** Silence counts while the link is watched, opening, in use, or tried whether the peer still is there. */
  #matters(countedMs: number, heartbeatMs: number, watched: boolean): boolean {
    if (watched || this.outbox.busy || this.#phase === "opening") return true;
    const idle = (countedMs - this.#usedMs) / heartbeatMs;
    if (idle >= PROBE_HEARTBEATS) this.#usedMs = countedMs;
    return idle < IN_USE_HEARTBEATS;
  }

  #makeEnds(): FrameEnds {
    return {
      from: this.#self.address,
      incarnation: this.#self.incarnation,
      generation: this.#generation,
      toIncarnation: this.#remote?.incarnation ?? null,
      toGeneration: this.#remote?.generation ?? 0,
    };
  }
}

function verdict(silentHeartbeats: number): LinkTick["silence"] {
  if (silentHeartbeats >= DOWN_HEARTBEATS - TICK_SLACK_HEARTBEATS) return "down";
  return silentHeartbeats >= UNREACHABLE_HEARTBEATS - TICK_SLACK_HEARTBEATS ? "unreachable" : "none";
}
