/**
 * What clients put before all hosts at once, as this host hears it from when it has joined until it ends.
 *
 * Owned by the host's actor, which reads it. Knows nothing of tasks.
 * @module
 */
import type { Bus, BusSubscription } from "../bus/bus.ts";
import { ByteSlab, PASSING_SLAB_BYTES } from "../wire/byte_slab.ts";

/** Where broadcasts come from. */
export interface BroadcastSource {
  readonly bus: Pick<Bus, "subscribe">;
  /** `broadcastSubject` of the cluster. */
  readonly subject: string;
}

export class BroadcastIntake {
  readonly #slab = new ByteSlab(PASSING_SLAB_BYTES);
  readonly #subscription: BusSubscription;

  /** `take` gets each message; the bytes are its own. */
  constructor({ bus, subject }: BroadcastSource, take: (bytes: Uint8Array) => void) {
    // The bytes may lie in a receive buffer that is written again.
    this.#subscription = bus.subscribe(subject, ({ data }) => take(this.#slab.copy(data)));
  }

  /** Hears nothing more. What it does not say that it took comes again over the link. */
  close(): void {
    this.#subscription.unsubscribe();
  }
}
