/**
 * The receiving half of a link: which frame is the next one, what is owed to the sender, and putting parts together.
 *
 * Pure: no bus, no clock. A frame that does not follow the last one is dropped and asked for again: order on a bus
 * breaks only around lost connections, so a buffer for early frames would cost memory and almost never help. Used by
 * `link.ts`.
 * @module
 */

/** What a sequence number means: take it, it was here before, or frames before it are missing. */
export type Arrival = "next" | "repeated" | "early";

/** What has come in over one link, as numbers, and the message whose parts are coming in. */
export class LinkInbox {
  readonly #windowBytes: number;
  #received = 0;
  #handledBytes = 0;
  #owedBytes = 0;
  #owes = false;
  #missedAt = -1;
  #whole: Uint8Array | null = null;
  #filled = 0;

  /** Grants the peer `windowBytes` under way. */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  /** All up to this frame have arrived. */
  get ack(): number {
    return this.#received;
  }

  /** The peer may send up to this byte. */
  get credit(): number {
    return this.#handledBytes + this.#windowBytes;
  }

  /** Whether the peer waits for an acknowledgement. */
  get owes(): boolean {
    return this.#owes;
  }

  /** Whether half a window has come in since the last receipt, so that the sender must not be kept waiting. */
  get owesMuch(): boolean {
    return this.#owedBytes * 2 >= this.#windowBytes;
  }

  /** Judges a sequence number; changes nothing but what is owed. */
  arrival(seq: number): Arrival {
    if (seq === this.#received + 1) return "next";
    if (seq > this.#received) return "early";
    this.#owes = true;
    return "repeated";
  }

  /** Counts the next frame as arrived and handed on. */
  take(byteLength: number): void {
    this.#received += 1;
    this.#handledBytes += byteLength;
    this.#owedBytes += byteLength;
    this.#owes = true;
  }

  /** A frame that tells `ack` and `credit` has left. */
  receiptLeft(): void {
    this.#owes = false;
    this.#owedBytes = 0;
  }

  /** Whether to ask for what is missing: once for each place, until it moves or `askAgain`. */
  shouldAsk(): boolean {
    if (this.#missedAt === this.#received) return false;
    this.#missedAt = this.#received;
    return true;
  }

  /** The question or its answer may have been lost. */
  askAgain(): void {
    this.#missedAt = -1;
  }

  /** Whether a part continues what is being put together. */
  fits(offset: number, total: number): boolean {
    if (this.#whole === null) return offset === 0;
    return offset === this.#filled && total === this.#whole.length;
  }

  /** Puts a part in its place; the whole when it is complete. Throws `RangeError` when there is no memory for it. */
  assemble(total: number, chunk: Uint8Array): Uint8Array | null {
    const whole = this.#whole ??= new Uint8Array(total);
    whole.set(chunk, this.#filled);
    this.#filled += chunk.length;
    if (this.#filled < total) return null;
    this.#whole = null;
    this.#filled = 0;
    return whole;
  }
}
