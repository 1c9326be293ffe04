/**
 * Collects the payload of one message and the line end behind it, from as many chunks as it comes in.
 *
 * A payload that lies in one chunk is a view of it, without a copy; one that goes over several is put together in memory
 * of its own, which is never written again. Used by the protocol parser, which owns one for all its messages.
 * @module
 */
import { CR, LF } from "./control_line.ts";

/** `broken`: something else than a line end follows the payload. */
export type PayloadState = "open" | "complete" | "broken";

const NOTHING = new Uint8Array(0);

/** Begins anew for each message. */
export class PayloadReader {
  #size = 0;
  #bytes: Uint8Array = NOTHING;
  #owned = false;
  #filled = 0;
  #returnSeen = false;
  #state: PayloadState = "open";

  /** How far it is. */
  get state(): PayloadState {
    return this.#state;
  }

  /** The payload, once it is complete. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Whether `bytes` are memory of their own; else they are a view of the chunk given last. */
  get owned(): boolean {
    return this.#owned;
  }

  /** The next message has so many bytes. */
  begin(size: number): void {
    this.#size = size;
    this.#bytes = NOTHING;
    this.#owned = false;
    this.#filled = 0;
    this.#returnSeen = false;
    this.#state = "open";
  }

  /** Takes what belongs to the message, from `start` on; gives where the chunk goes on. */
  take(chunk: Uint8Array, start: number): number {
    let position = this.#filled < this.#size ? this.#fill(chunk, start) : start;
    if (this.#filled < this.#size || position >= chunk.length) return position;
    if (!this.#returnSeen) {
      this.#returnSeen = chunk[position++] === CR;
      if (!this.#returnSeen) this.#state = "broken";
      if (position >= chunk.length) return position;
    }
    if (this.#state === "open") this.#state = chunk[position++] === LF ? "complete" : "broken";
    return position;
  }

  /** The chunk given last will be overwritten: keeps what is a view of it. */
  own(): void {
    if (this.#owned || this.#bytes.length === 0) return;
    this.#bytes = this.#bytes.slice();
    this.#owned = true;
  }

  #fill(chunk: Uint8Array, start: number): number {
    const taken = Math.min(this.#size - this.#filled, chunk.length - start);
    if (taken === this.#size) {
      this.#bytes = chunk.subarray(start, start + taken);
    } else {
      if (this.#filled === 0) {
        this.#bytes = new Uint8Array(this.#size);
        this.#owned = true;
      }
      this.#bytes.set(chunk.subarray(start, start + taken), this.#filled);
    }
    this.#filled += taken;
    return start + taken;
  }
}
