/**
 * What waits for an actor: messages up to a bound, and before them what it is told of actors it watches.
 *
 * Holds and counts, runs nothing; the two higher priorities, kill and stop, are states of the cell and not entries.
 * Used by `cell.ts` alone.
 * @module
 */
import type { NodeAddress } from "./link_port.ts";
import { Ring } from "./ring.ts";

/** Where the outcome of a call goes. */
export interface ReplyTo {
  resolve(value: unknown): void;
  /** `error` as it was thrown, or why the message was refused. */
  reject(error: unknown, thrown: boolean): void;
}

/** What waits in a mailbox. `task`: a timer of the actor's own, instead of a method. */
export interface Message {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly from: NodeAddress;
  readonly reply: ReplyTo | null;
  readonly task: (() => unknown) | null;
  /** Told when the message has left the mailbox: the credit of the peer that sent it. */
  readonly onTaken: (() => void) | null;
}

/** Messages a mailbox holds unless spawned with another bound. */
export const DEFAULT_MAILBOX = 100_000;

export class Mailbox {
  readonly #messages = new Ring<Message>();
  readonly #notices = new Ring<() => unknown>();
  #waiters: (() => void)[] = [];

  constructor(readonly bound: number) {}

  get isEmpty(): boolean {
    return this.#messages.length === 0 && this.#notices.length === 0;
  }

  /** Whether local senders are refused. */
  get isFull(): boolean {
    return this.#messages.length >= this.bound;
  }

  push(message: Message): void {
    this.#messages.push(message);
  }

  pushNotice(run: () => unknown): void {
    this.#notices.push(run);
  }

  takeNotice(): (() => unknown) | undefined {
    return this.#notices.shift();
  }

  take(): Message | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    message.onTaken?.();
    if (this.#waiters.length > 0 && this.#messages.length * 2 < this.bound) this.#wakeWaiters();
    return message;
  }

  /** Resolves when it is less than half full. */
  drained(): Promise<void> {
    if (this.#messages.length * 2 < this.bound) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
