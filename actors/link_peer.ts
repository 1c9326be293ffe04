/**
 * All we have to do with one other node: the link to it, the candidate that may replace it, who waits for what.
 *
 * Carries out what `link_handshake.ts` decides, and tells the node's listener when links end.
 * No bus and no timer of its own: `node.ts` hands in frames, ticks and changes of the bus.
 * @module
 */
import {
  type ByeFrame,
  encodeBye,
  encodeHello,
  encodeReset,
  type ForeignFrame,
  type Frame,
  type HelloFrame,
  type ResetFrame,
} from "./frame.ts";
import { Link, type LinkRemote } from "./link.ts";
import { CLIENT_PATIENCE, MAX_FRAME_BYTES, MAX_FRAME_MESSAGES } from "./link_bounds.ts";
import { endsTowards, judgeFrame, judgeHello, judgeReset } from "./link_handshake.ts";
import type { DownReason, LinkMessage, NodeAddress } from "./link_port.ts";
import type { LinkShell } from "./link_shell.ts";
import { LinkTraffic } from "./link_traffic.ts";

/** One other node, for as long as there is a link to it or somebody wants one. */
export class LinkPeer {
  readonly address: NodeAddress;
  /** Whether somebody here wants to know of its end; a `down` answers that. */
  watched = false;
  /** Whether the node will flush it at the end of this turn. */
  flushing = false;
  readonly #shell: LinkShell;
  readonly #traffic: LinkTraffic;
  #link: Link | null = null;
  #candidate: Link | null = null;
  #waiting: (() => void)[] = [];

  /** Without a link at first: `connect`, `push` or a hello begins one. */
  constructor(shell: LinkShell, address: NodeAddress) {
    this.#shell = shell;
    this.address = address;
    this.#traffic = new LinkTraffic(shell, address, () => this.end("closed-here", { tells: true }));
  }

  /** The link, or `null` while there is none. */
  get link(): Link | null {
    return this.#link;
  }

  /** The end that is about to take the link's place, if it is met. */
  get candidate(): Link | null {
    return this.#candidate;
  }

  /** Whether anything to it is queued or not acknowledged. */
  get busy(): boolean {
    return this.#link?.outbox.busy ?? false;
  }

  /** Whether there is no reason to know it: a stranger whose frame came to nothing. */
  get isStranger(): boolean {
    return this.#link === null && this.#candidate === null;
  }

  /** Whether `send` would go past the bound. */
  get full(): boolean {
    return this.#isPast(1);
  }

  /** Begins a link where there is none. */
  connect(): void {
    if (this.#link !== null) return;
    this.#link = this.#newLink();
    this.#sendHello(this.#link);
  }

  /** Queues a message of about `size` bytes; sends at once only what makes a full frame. */
  push(message: LinkMessage, size: number): void {
    this.connect();
    const outbox = this.#link?.outbox;
    outbox?.push(message, size);
    if (outbox === undefined) return;
    if (outbox.queuedBytes >= MAX_FRAME_BYTES || outbox.queuedMessages >= MAX_FRAME_MESSAGES) this.flush();
  }

  /** Sends what is queued, as far as the credit goes. `true` when frames left. */
  flush(): boolean {
    const link = this.#link;
    if (link === null || link.phase !== "open") return false;
    const left = this.#traffic.send(link);
    if (left) this.#checkDrained();
    return left;
  }

  /** Resolves when less than half of the bound is queued, or the link is down. */
  drained(): Promise<void> {
    if (!this.#isPast(0.5)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** An acknowledgement has waited long enough for a frame to ride on. */
  sendReceipt(): void {
    if (this.#link?.inbox.owes) this.#traffic.sendState(this.#link, {});
  }

  /** Asks for a sign of life. */
  ask(): void {
    if (this.#link === null) return;
    if (this.#link.phase === "open") this.#traffic.sendState(this.#link, { asks: true });
    else this.#sendHello(this.#link);
  }

  /** Half a heartbeat or more has passed. Says whether silence counts against the peer now. */
  tick(): boolean {
    const { countedMs, heartbeatMs } = this.#shell;
    if (this.#candidate?.tick(countedMs, heartbeatMs, true, 1).silence === "down") this.#candidate = null;
    const link = this.#link;
    if (link === null) return this.#candidate !== null;
    const { silence, asks, judged } = link.tick(countedMs, heartbeatMs, this.watched, patienceWith(this.address));
    if (silence === "down") {
      this.end("silent", { tells: true });
      return false;
    }
    if (silence === "unreachable") this.#lose(link);
    if (asks && this.#link === link) this.ask();
    return judged || this.#candidate !== null;
  }

  /** Our bus went away: nobody can be heard. */
  busLost(): void {
    if (this.#link !== null) this.#lose(this.#link);
  }

  /** It is back: forget the silence, and find out where both sides are. */
  busFound(): void {
    this.#link?.forgive(this.#shell.countedMs);
    this.#candidate?.forgive(this.#shell.countedMs);
    this.ask();
  }

  /** A frame from this address. `byteLength` is what it takes from the credit. */
  receive(frame: Frame, byteLength: number): void {
    if (frame.kind === "hello") return this.#receiveHello(frame);
    if (frame.kind === "reset") return this.#receiveReset(frame);
    if (frame.kind === "bye") return this.#receiveBye(frame);
    const verdict = judgeFrame(this, frame, this.#shell.self.incarnation);
    if (verdict === "dead") return this.#shell.refuse(frame);
    if (verdict === "opens-link") this.#open(frame);
    if (verdict === "replaces-link") this.#replace(frame);
    // Whoever was told of the change may have ended it all.
    const link = this.#link;
    if (link === null || link.phase !== "open") return;
    this.#hear(link);
    this.#traffic.receive(link, frame, byteLength);
    this.#settle(link);
  }

  /** A hello in another protocol. It ends only what has not begun, since anybody could have sent it. */
  receiveForeign(frame: ForeignFrame): void {
    if (this.#link?.phase !== "opening") return;
    this.end("version-mismatch", { tells: false, incarnation: frame.incarnation });
  }

  /** The link is over, for whatever reason; `tells` the other side. */
  end(reason: DownReason, options: { readonly tells: boolean; readonly incarnation?: string }): void {
    const link = this.#link;
    if (link === null) return;
    const wasOpen = link.phase === "open";
    const wanted = wasOpen || link.outbox.busy || this.watched || this.#waiting.length > 0;
    link.close();
    this.watched = false;
    this.#link = this.#candidate;
    this.#candidate = null;
    if (this.#link === null) this.#shell.forget(this.address);
    if (options.tells && link.remote !== null) this.#tellDead(link, link.remote);
    for (const resolve of this.#waiting.splice(0)) resolve();
    const incarnation = options.incarnation ?? (wasOpen ? link.remote?.incarnation : undefined) ?? null;
    if (wanted) this.#shell.events.down(this.address, incarnation, reason);
    this.#shell.progressed();
  }

  /** Says good-bye and ends. */
  leave(): void {
    for (const end of [this.#link, this.#candidate]) {
      if (end !== null && end.remote !== null) this.#shell.publish(this.address, encodeBye(end.ends));
    }
    this.#candidate = null;
    this.end("closed-here", { tells: false });
  }

  #receiveHello(hello: HelloFrame): void {
    switch (judgeHello(this, hello, this.#shell.self.incarnation)) {
      case "ignore":
        return;
      case "refuse":
        return this.#shell.refuse(hello);
      case "accept":
        this.#link = this.#newLink();
        return this.#answer(this.#link, hello);
      case "bind":
        return this.#link === null ? undefined : this.#answer(this.#link, hello);
      case "open":
        this.#open(hello);
        this.#link?.outbox.acknowledge(0, hello.credit);
        return this.#speakUp();
      case "confirm":
        if (this.#link !== null) this.#hear(this.#link);
        return this.#speakUp();
      case "challenge":
        if (!this.#candidate?.isTo(hello)) this.#candidate = this.#newLink();
        return this.#answer(this.#candidate, hello);
      case "replace":
        this.#candidate?.outbox.acknowledge(0, hello.credit);
        this.#replace(hello);
        return this.#speakUp();
      case "given-up":
        this.#shell.refuse(hello);
        return this.end("silent", { tells: false });
    }
  }

  #receiveBye(bye: ByeFrame): void {
    if (this.#candidate?.isTo(bye)) this.#candidate = null;
    if (this.#link?.isTo(bye)) this.end("said-goodbye", { tells: false });
  }

  #receiveReset(reset: ResetFrame): void {
    const end = judgeReset(this, reset);
    if (end === "candidate") this.#candidate = null;
    if (end !== "link" || this.#link === null) return;
    if (this.#link.phase === "opening") return this.#tryAgain(this.#link);
    this.end(reset.incarnation === reset.aboutIncarnation ? "silent" : "incarnation-changed", { tells: false });
  }

  /** An end that was opened only for the other side's sake is not worth another try. */
  #tryAgain(link: Link): void {
    if (!link.outbox.busy && !this.watched) return this.end("silent", { tells: false });
    link.renew(this.#shell.nextGeneration());
    this.#sendHello(link);
  }

  #open(frame: LinkRemote): void {
    const link = this.#link;
    if (link === null) return;
    link.open(frame, this.#shell.countedMs);
    this.#hear(link);
  }

  /** The candidate is proved: what was before it is over. */
  #replace(frame: LinkRemote): void {
    const [old, next] = [this.#link, this.#candidate];
    if (old === null || next === null) return;
    next.open(frame, this.#shell.countedMs);
    this.end(old.remote?.incarnation === frame.incarnation ? "silent" : "incarnation-changed", { tells: true });
  }

  /** Says anything at all, so that the other side knows that our end is open. */
  #speakUp(): void {
    const link = this.#link;
    if (link === null || link.phase !== "open" || this.flush()) return;
    this.#traffic.sendState(link, {});
  }

  /** After a frame: use fresh credit, and see to what the peer is owed. */
  #settle(link: Link): void {
    if (link.phase !== "open") return;
    if (!this.flushing && link.outbox.queuedMessages > 0) this.flush();
    if (link.phase !== "open" || !link.inbox.owes) return;
    if (link.inbox.owesMuch) this.#traffic.sendState(link, {});
    else this.#shell.receiptOwed();
  }

  #hear(link: Link): void {
    link.heard(this.#shell.countedMs);
    if (!link.unreachable || link.remote === null) return;
    link.unreachable = false;
    this.#shell.events.reachable(this.address, link.remote.incarnation);
  }

  #lose(link: Link): void {
    if (link.unreachable) return;
    link.unreachable = true;
    const incarnation = link.phase === "open" ? link.remote?.incarnation ?? null : null;
    this.#shell.events.unreachable(this.address, incarnation);
  }

  #isPast(share: number): boolean {
    if (this.#link === null) return false;
    const { queueBytes, queueMessages } = this.#shell.bounds;
    const { queuedBytes, queuedMessages } = this.#link.outbox;
    return queuedBytes >= queueBytes * share || queuedMessages >= queueMessages * share;
  }

  #checkDrained(): void {
    if (this.#waiting.length === 0 || this.#isPast(0.5)) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #newLink(): Link {
    const { self, bounds, countedMs } = this.#shell;
    return new Link(self, this.#shell.nextGeneration(), bounds.windowBytes, countedMs);
  }

  #answer(end: Link, hello: HelloFrame): void {
    end.bind(hello);
    this.#sendHello(end);
  }

  #sendHello(end: Link): void {
    this.#shell.publish(this.address, encodeHello(end.ends, end.receipt.credit));
  }

  #tellDead(link: Link, remote: LinkRemote): void {
    const { address, incarnation } = this.#shell.self;
    const ends = endsTowards({ ...link.ends, ...remote }, { from: address, incarnation });
    this.#shell.publish(this.address, encodeReset(ends, incarnation, link.generation));
  }
}

/** A client is somebody's program, which may block its own thread; nothing of ours waits for it to be down. */
function patienceWith(peer: NodeAddress): number {
  return peer.startsWith("client.") ? CLIENT_PATIENCE : 1;
}
