/**
 * A host's members of the queue group of the scheme `pure`: one for each engine that takes tasks.
 *
 * Nobody picks: NATS gives each message to one member of the group. Joins and leaves as engines come and go; what is on
 * its way to an engine that leaves still arrives, and its receiver says what becomes of it. Knows nothing of tasks.
 * Owned by the host's actor.
 * @module
 */
import type { Bus, BusSubscription } from "../bus/bus.ts";
import { PURE_QUEUE_GROUP } from "../protocol/subjects.ts";
import type { EngineId } from "../protocol/ids.ts";
import { ByteSlab, PASSING_SLAB_BYTES } from "../wire/byte_slab.ts";

/** Where tasks come from. */
export interface PureSource {
  readonly bus: Pick<Bus, "subscribe">;
  /** `pureSubject` of the cluster. */
  readonly subject: string;
}

export class PureIntake {
  readonly #source: PureSource;
  readonly #take: (engine: EngineId, bytes: Uint8Array) => void;
  readonly #ready = new Set<EngineId>();
  readonly #members = new Map<EngineId, BusSubscription>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #slab = new ByteSlab(PASSING_SLAB_BYTES);
  #enabled = false;

  /** `take` gets each message with the engine that it is for; the bytes are its own. */
  constructor(source: PureSource, take: (engine: EngineId, bytes: Uint8Array) => void) {
    this.#source = source;
    this.#take = take;
  }

  /** Whether the cluster's scheme is `pure`, as its controller says. */
  enable(enabled: boolean): void {
    this.#enabled = enabled;
    if (enabled) { for (const engine of this.#ready) this.#join(engine); }
    else for (const engine of [...this.#members.keys()]) this.#leave(engine);
  }

  /** The engine takes tasks. */
  open(engine: EngineId): void {
    this.#ready.add(engine);
    if (this.#enabled) this.#join(engine);
  }

  /** It takes no more. */
  close(engine: EngineId): void {
    this.#ready.delete(engine);
    this.#leave(engine);
  }

  /** All engines leave. Resolves when nothing can come any more. */
  async end(): Promise<void> {
    this.enable(false);
    await Promise.all(this.#leaving);
  }

  #join(engine: EngineId): void {
    if (this.#members.has(engine)) return;
    const { bus, subject } = this.#source;
    // The bytes may lie in a receive buffer that is written again.
    const take = ({ data }: { readonly data: Uint8Array }) => this.#take(engine, this.#slab.copy(data));
    this.#members.set(engine, bus.subscribe(subject, take, { queue: PURE_QUEUE_GROUP }));
  }

  #leave(engine: EngineId): void {
    const member = this.#members.get(engine);
    if (member === undefined) return;
    this.#members.delete(engine);
    const left = member.drain().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}
