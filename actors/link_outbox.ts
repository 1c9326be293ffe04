/**
 * The sending half of a link: what waits for credit, what is under way, and which frame goes next.
 *
 * Pure: no bus, no clock. Messages wait as they were given and are encoded once, when they leave; the encoded frames
 * stay until they are acknowledged, and are sent again byte for byte. What is too long for the bus is encoded in pieces
 * and cut, without a copy of it all. Used by `link.ts`, and by nobody else.
 * @module
 */
import { encodeFrame } from "../wire/frame_codec.ts";
import { dataFields, encodePart, type FrameEnds, type FrameReceipt, partOverhead } from "./frame.ts";
import { frameSegments, SegmentReader } from "./frame_segments.ts";
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES } from "./link_bounds.ts";
import type { LinkMessage } from "./link_port.ts";

/** What is to be sent over one link, and what was sent and is not acknowledged. */
export class LinkOutbox {
  #messages: LinkMessage[] = [];
  #sizes: number[] = [];
  /** First of `#messages` that has not left; what is before it was cut off lazily. */
  #head = 0;
  #queuedBytes = 0;
  /** What is being cut into parts. */
  #cut: SegmentReader | null = null;
  #inFlight: Uint8Array[] = [];
  #sent = 0;
  #acked = 0;
  #sentBytes = 0;
  #creditBytes = 0;

  /** The last sequence number used; they count from 1. */
  get sent(): number {
    return this.#sent;
  }

  /** All up to this one have arrived. */
  get acked(): number {
    return this.#acked;
  }

  /** Messages that have not left. */
  get queuedMessages(): number {
    return this.#messages.length - this.#head + (this.#cut === null ? 0 : 1);
  }

  /** About the bytes that have not left. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether anything is queued or not acknowledged. */
  get busy(): boolean {
    return this.#inFlight.length > 0 || this.queuedMessages > 0;
  }

  /** Adds a message of about `size` bytes at the end. */
  push(message: LinkMessage, size: number): void {
    this.#messages.push(message);
    this.#sizes.push(size);
    this.#queuedBytes += size;
  }

  /**
   * The next frame to publish, or `null` while there is none or the credit is used up. Credit may be overdrawn by one
   * frame, so that a window smaller than a frame still lets frames through.
   */
  next(ends: FrameEnds, receipt: FrameReceipt, maxPayload: number): Uint8Array | null {
    if (this.#sentBytes >= this.#creditBytes) return null;
    const maxBytes = Math.min(maxPayload, MAX_FRAME_BYTES);
    if (this.#cut !== null) return this.#launch(this.#nextPart(this.#cut, ends, receipt, maxBytes));
    if (this.#head === this.#messages.length) return null;
    const isLong = (this.#sizes[this.#head] ?? 0) > maxBytes;
    const batch = this.#takeBatch(maxBytes);
    const fields = dataFields(ends, this.#sent + 1, receipt.ack, receipt.credit, batch);
    if (!isLong) {
      // A lone message may be a piece of a big value: what is long in it is copied once and not twice.
      const bytes = batch.length === 1 ? new SegmentReader(frameSegments(fields)).readAll() : encodeFrame(fields);
      if (bytes.length <= maxBytes) return this.#launch(bytes);
      this.#cut = new SegmentReader([bytes]);
    } else {
      this.#cut = new SegmentReader(frameSegments(fields));
    }
    this.#queuedBytes += this.#cut.length;
    return this.#launch(this.#nextPart(this.#cut, ends, receipt, maxBytes));
  }

  /** Takes what the peer says it has, and up to where it lets us send. `true` when frames were acknowledged. */
  acknowledge(ack: number, credit: number): boolean {
    if (ack > this.#sent) return false;
    this.#creditBytes = Math.max(this.#creditBytes, credit);
    if (ack <= this.#acked) return false;
    this.#inFlight.splice(0, ack - this.#acked);
    this.#acked = ack;
    return true;
  }

  /** The frames that are not acknowledged, in order. */
  unacknowledged(): readonly Uint8Array[] {
    return this.#inFlight;
  }

  #launch(bytes: Uint8Array): Uint8Array {
    this.#sent += 1;
    this.#sentBytes += bytes.length;
    this.#inFlight.push(bytes);
    return bytes;
  }

  #takeBatch(maxBytes: number): readonly LinkMessage[] {
    const from = this.#head;
    const end = Math.min(this.#messages.length, from + MAX_FRAME_MESSAGES);
    let to = from;
    let bytes = 0;
    while (to < end) {
      const size = this.#sizes[to] ?? 0;
      if (to > from && bytes + size > maxBytes) break;
      bytes += size;
      to += 1;
    }
    this.#queuedBytes -= bytes;
    if (from === 0 && to === this.#messages.length) {
      const all = this.#messages;
      this.#messages = [];
      this.#sizes = [];
      return all;
    }
    const batch = this.#messages.slice(from, to);
    this.#head = to;
    this.#cutOffSent();
    return batch;
  }

  /** Half of the array must be dead before it is moved, or each batch would move the whole queue. */
  #cutOffSent(): void {
    if (this.#head * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#head);
    this.#sizes = this.#sizes.slice(this.#head);
    this.#head = 0;
  }

  #nextPart(cut: SegmentReader, ends: FrameEnds, receipt: FrameReceipt, maxBytes: number): Uint8Array {
    const { offset, length: total } = cut;
    const chunk = cut.read(maxBytes - partOverhead(ends));
    this.#queuedBytes -= chunk.length;
    if (cut.offset === total) this.#cut = null;
    return encodePart(ends, { seq: this.#sent + 1, ack: receipt.ack, credit: receipt.credit, offset, total, chunk });
  }
}
