/**
 * Casts that must not get lost when their receiver is slow: kept in order, sent on as the credit allows.
 *
 * For senders whose messages are bounded by something else already (the queue of tasks, say), so that what waits here
 * adds references and no bytes; or who stop making more of them when they are told that much waits. Everybody else lets `MailboxFull` reach the caller. Used by scheduler, host and client.
 * @module
 */
import { ConnectionError, MailboxFull } from "../wire/errors.ts";
import type { Ref } from "./ref.ts";

type Send<A extends object> = (cast: Ref<A>["cast"]) => void;

interface Waiting<A extends object> {
  readonly send: Send<A>;
  readonly bytes: number;
}

/** How much may wait before the owner is told, and who tells it. */
export interface BacklogWatch {
  /** Of what waits, by what was said of it. */
  readonly bytes: number;
  /** More waits than that; or, once it did, less than half of it. Must not throw. */
  readonly changed: (behind: boolean) => void;
}

/** A queue of casts in front of one reference. */
export class Outbox<A extends object> {
  readonly ref: Ref<A>;
  readonly #backlog: BacklogWatch | null;
  #waiting: Waiting<A>[] = [];
  #waitingBytes = 0;
  #behind = false;
  #draining = false;
  #closed = false;

  constructor(ref: Ref<A>, backlog: BacklogWatch | null = null) {
    this.ref = ref;
    this.#backlog = backlog;
  }

  /** Casts that wait for credit. */
  get length(): number {
    return this.#waiting.length;
  }

  /** More waits than the bound, and not yet less than half of it. */
  get behind(): boolean {
    return this.#behind;
  }

  /** Casts now, or after what waits already. `sizeOf` is asked for its bytes only where it has to wait. */
  push(send: Send<A>, sizeOf: () => number = () => 0): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#trySend(send)) return;
    const bytes = sizeOf();
    this.#waiting.push({ send, bytes });
    this.#weigh(bytes);
    if (!this.#draining) void this.#drain();
  }

  /** Drops what waits: the receiver is gone. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #trySend(send: Send<A>): boolean {
    try {
      send(this.ref.cast);
      return true;
    } catch (error) {
      if (error instanceof MailboxFull) return false;
      throw error;
    }
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#waiting.length > 0) {
      await this.ref.drained();
      this.#sendWaiting();
    }
    this.#draining = false;
  }

  /** Nobody waits for these: what can't be sent at all, since our own node was closed, is dropped and not thrown. */
  #sendWaiting(): void {
    let sent = 0;
    try {
      for (const { send } of this.#waiting) {
        if (!this.#trySend(send)) break;
        sent++;
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      sent = this.#waiting.length;
    }
    const left = this.#waiting.splice(0, sent);
    this.#weigh(-left.reduce((sum, { bytes }) => sum + bytes, 0));
  }

  #weigh(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#backlog === null || this.#closed) return;
    const limit = this.#backlog.bytes;
    const behind = this.#waitingBytes > (this.#behind ? limit / 2 : limit);
    if (behind === this.#behind) return;
    this.#behind = behind;
    this.#backlog.changed(behind);
  }
}
