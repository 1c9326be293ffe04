/**
 * One subscription of a `RouterBus`: survives reconnects, ends by itself after `max` messages.
 * @module
 */
import type { BusMessage, BusSubscription, SubscribeOptions } from "./bus.ts";
import type { Router } from "./router_bus.ts";

/** What a subscription tells its bus. */
export interface SubscriptionOwner {
  /** A message for `subscription` is on its way. */
  arrived(subscription: RouterSubscription, message: BusMessage): void;
  /** The bytes, in memory of their own. */
  copy(data: Uint8Array): Uint8Array;
  /** It has ended. */
  ended(subscription: RouterSubscription): void;
  /** Resolves when what has arrived until now has been handled, or is lost. */
  handledSoFar(): Promise<void>;
}

/** Messages arrive through the owner's queue and come back through `handle`. */
export class RouterSubscription implements BusSubscription {
  readonly subject: string;
  readonly #handler: (message: BusMessage) => void;
  readonly #queue: string | undefined;
  readonly #owner: SubscriptionOwner;
  readonly #max: number;
  #arrived = 0;
  #handled = 0;
  #ended = false;
  #draining = false;
  #stop: (() => void) | undefined;

  /** Hears nothing until `attach`. */
  constructor(
    subject: string,
    handler: (message: BusMessage) => void,
    options: SubscribeOptions,
    owner: SubscriptionOwner,
  ) {
    this.subject = subject;
    this.#handler = handler;
    this.#queue = options.queue;
    this.#max = options.max ?? Infinity;
    this.#owner = owner;
  }

  /** Begins to listen on the router. */
  attach(router: Router): void {
    if (this.#draining) return;
    this.#arrived = this.#handled;
    this.#stop = router.subscribe(this.subject, this.#queue, (message) => this.#arrive(message));
  }

  /** Stops listening; what has arrived is still handled. */
  detach(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.detach();
    this.#owner.ended(this);
  }

  async drain(): Promise<void> {
    if (this.#ended) return;
    this.#draining = true;
    this.detach();
    await this.#owner.handledSoFar();
    this.unsubscribe();
  }

  /** Gives a message to the handler, whose exceptions pass. */
  handle(message: BusMessage): void {
    if (this.#ended) return;
    if (++this.#handled >= this.#max) this.unsubscribe();
    this.#handler(message);
  }

  #arrive(message: BusMessage): void {
    const { subject, data, reply, headers } = message;
    this.#owner.arrived(this, { subject, data: this.#owner.copy(data), reply, headers });
    // Stops here and not in `handle`, so that in a queue group the others get what is past the maximum.
    if (++this.#arrived >= this.#max) this.detach();
  }
}
