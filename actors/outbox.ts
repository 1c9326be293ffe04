/**
 * Casts that must not get lost when their receiver is slow: kept in order, sent on as the credit allows.
 *
 * For senders whose messages are bounded by something else already (the queue of tasks, say), so that what waits here
 * adds references and no bytes. Everybody else lets `MailboxFull` reach the caller. Used by scheduler, host and client.
 * @module
 */
import { ConnectionError, MailboxFull } from "../wire/errors.ts";
import type { Ref } from "./ref.ts";

type Send<A extends object> = (cast: Ref<A>["cast"]) => void;

/** A queue of casts in front of one reference. */
export class Outbox<A extends object> {
  readonly ref: Ref<A>;
  #waiting: Send<A>[] = [];
  #draining = false;
  #closed = false;

  constructor(ref: Ref<A>) {
    this.ref = ref;
  }

  /** Casts that wait for credit. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Casts now, or after what waits already. */
  push(send: Send<A>): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#trySend(send)) return;
    this.#waiting.push(send);
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
      for (const send of this.#waiting) {
        if (!this.#trySend(send)) break;
        sent++;
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      sent = this.#waiting.length;
    }
    this.#waiting.splice(0, sent);
  }
}
