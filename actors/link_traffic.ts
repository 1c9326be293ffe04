/**
 * The frames of an open link: sends what its outbox lets go, and takes what comes in to its inbox and its listener.
 *
 * Knows nothing of how links begin or end; where one can't go on, it says so to `link_peer.ts`, its only caller.
 * @module
 */
import { type DataFrame, encodeState, parseFrame, type PartFrame, type StateFrame } from "./frame.ts";
import type { Link } from "./link.ts";
import type { LinkMessage, NodeAddress } from "./link_port.ts";
import type { LinkShell } from "./link_shell.ts";

/** Moves the frames of the open links to one address. */
export class LinkTraffic {
  readonly #shell: LinkShell;
  readonly #address: NodeAddress;
  readonly #broken: () => void;

  /** `broken` is called when the link in hand must end here. */
  constructor(shell: LinkShell, address: NodeAddress, broken: () => void) {
    this.#shell = shell;
    this.#address = address;
    this.#broken = broken;
  }

  /** Sends what is queued, as far as the credit goes. `true` when frames left. */
  send(link: Link): boolean {
    let left = false;
    for (let bytes = this.#nextFrame(link); bytes !== null; bytes = this.#nextFrame(link)) {
      this.#shell.publish(this.#address, bytes);
      left = true;
    }
    if (!left) return false;
    link.used(this.#shell.countedMs);
    link.inbox.receiptLeft();
    return true;
  }

  /** Says where we are; `asks` for the same, `misses` for what was lost. */
  sendState(link: Link, flags: { readonly asks?: boolean; readonly misses?: boolean }): void {
    const { ack, credit } = link.receipt;
    const { asks = false, misses = false } = flags;
    link.inbox.receiptLeft();
    this.#shell.publish(this.#address, encodeState(link.ends, { sent: link.outbox.sent, ack, credit, asks, misses }));
  }

  /** A frame of this link. `byteLength` is what it takes from the credit. */
  receive(link: Link, frame: DataFrame | PartFrame | StateFrame, byteLength: number): void {
    if (link.outbox.acknowledge(frame.ack, frame.credit)) this.#shell.progressed();
    if (frame.kind === "state") this.#receiveState(link, frame);
    else this.#receiveMessages(link, frame, byteLength);
  }

  #receiveState(link: Link, frame: StateFrame): void {
    if (frame.misses) {
      for (const bytes of link.outbox.unacknowledged()) this.#shell.publish(this.#address, bytes);
    }
    const misses = frame.sent > link.inbox.ack && link.inbox.shouldAsk();
    if (misses || frame.asks) this.sendState(link, { misses });
  }

  #receiveMessages(link: Link, frame: DataFrame | PartFrame, byteLength: number): void {
    const { inbox } = link;
    const arrival = inbox.arrival(frame.seq);
    if (arrival === "early" && inbox.shouldAsk()) this.sendState(link, { misses: true });
    if (arrival !== "next") return;
    if (frame.kind === "part" && !inbox.fits(frame.offset, frame.total)) {
      return this.#shell.noise("Dropped a part that continues nothing.", { from: this.#address });
    }
    inbox.take(byteLength);
    link.used(this.#shell.countedMs);
    if (frame.kind === "data") this.#deliver(link, frame.messages);
    else this.#receivePart(link, frame);
  }

  #receivePart(link: Link, part: PartFrame): void {
    let whole: Uint8Array | null;
    try {
      whole = link.inbox.assemble(part.total, part.chunk);
    } catch {
      this.#shell.noise("Ended a link: no memory for a message.", { from: this.#address, bytes: part.total });
      return this.#broken();
    }
    if (whole === null) return;
    const frame = parseFrame(whole);
    if (frame?.kind === "data") return this.#deliver(link, frame.messages);
    this.#shell.noise("Ended a link: the parts of a message made no message.", { from: this.#address });
    this.#broken();
  }

  #deliver(link: Link, messages: readonly LinkMessage[]): void {
    const incarnation = link.remote?.incarnation ?? "";
    for (const message of messages) {
      // A handler may end the link, and nothing of it must be heard after that.
      if (link.phase !== "open") return;
      this.#shell.events.message(this.#address, incarnation, message);
    }
  }

  #nextFrame(link: Link): Uint8Array | null {
    try {
      return link.outbox.next(link.ends, link.receipt, this.#shell.maxPayload);
    } catch (error) {
      // A message that was changed after it was sent; those behind it must not pass it.
      this.#shell.noise("Ended a link: a message was changed after it was sent, and can't travel.", {
        to: this.#address,
        error,
      });
      this.#broken();
      return null;
    }
  }
}
