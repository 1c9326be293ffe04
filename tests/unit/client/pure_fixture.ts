/**
 * A cluster of the scheme `pure` in this process: a client's session, a memory bus, engines in a queue group on it.
 *
 * Each message goes to the engines in turn, so that tests know who gets what. Used by the tests of the scheme.
 * @module
 */
import { type Bus, type BusSubscription } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import type { Client } from "../../../client/client.ts";
import type { EngineId, HostId } from "../../../protocol/ids.ts";
import type { EngineMessage, PureMessage } from "../../../protocol/messages.ts";
import { PURE_QUEUE_GROUP, PURE_SCHEME, pureSubject } from "../../../protocol/subjects.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { decodeFrame } from "../../../wire/frame_codec.ts";
import { engineMessage, FakeCluster, HOST, settleTurn } from "./fake_cluster.ts";

export const OTHER_HOST = "h2" as HostId;
export const TICK_MS = 1_000;

export interface PureStageOptions {
  readonly engines?: readonly EngineMessage[];
  /** Largest message in bytes. */
  readonly maxPayload?: number;
  /** Engines run nothing until told. */
  readonly manual?: boolean;
}

export class PureStage {
  readonly clock = new FakeClock();
  readonly cluster: FakeCluster;
  /** All that was published, with who got it. */
  readonly messages: { readonly engine: EngineId; readonly message: PureMessage }[] = [];
  readonly #broker: MemoryBroker;
  readonly #clientBus: Bus;
  readonly #hostBus: Bus;
  readonly #members = new Map<EngineId, BusSubscription>();
  #turn = 0;

  private constructor({ engines = [engineMessage(0), engineMessage(1)], maxPayload, manual }: PureStageOptions) {
    this.#broker = new MemoryBroker({
      ...(maxPayload === undefined ? {} : { maxPayload }),
      random: () => (this.#turn++ % this.#members.size) / this.#members.size,
    });
    this.#clientBus = this.#broker.connect();
    this.#hostBus = this.#broker.connect();
    this.cluster = new FakeCluster(this.clock, { bus: this.#clientBus, subject: pureSubject("test") });
    this.cluster.scheme = PURE_SCHEME;
    this.cluster.automatic = !manual;
    this.cluster.engines = [...engines];
    for (const engine of engines) this.join(engine);
  }

  static async open(options: PureStageOptions = {}): Promise<PureStage> {
    const stage = new PureStage(options);
    await stage.cluster.session.start(1_000);
    return stage;
  }

  get client(): Client {
    return this.cluster.client;
  }

  /** Counters of all tasks that were published, in order. */
  get published(): number[] {
    return this.messages.flatMap(({ message }) => message[4].map(([counter]) => counter));
  }

  /** All that the client has to publish now is published, and has arrived. */
  async delivered(): Promise<void> {
    await settleTurn();
    await this.#hostBus.flush();
    await settleTurn();
  }

  /** An engine joins the group. The client hears of it by `session.engines`. */
  join([id, , host]: EngineMessage): void {
    const take = ({ data }: { readonly data: Uint8Array }) => {
      const message = decodeFrame(data.slice()) as PureMessage;
      this.messages.push({ engine: id, message });
      this.cluster.arrive(id, host, message);
    };
    this.#members.set(id, this.#hostBus.subscribe(pureSubject("test"), take, { queue: PURE_QUEUE_GROUP }));
  }

  /** It leaves, without a word to anybody. */
  leave(id: number): void {
    this.#members.get(id as EngineId)?.unsubscribe();
    this.#members.delete(id as EngineId);
  }

  /** The client's connection goes away. */
  disconnect(): void {
    this.#broker.disconnect(this.#clientBus);
  }

  reconnect(): void {
    this.#broker.reconnect(this.#clientBus);
  }
}

/** Two engines, each on a host of its own. */
export function twoHosts(): EngineMessage[] {
  return [engineMessage(0, HOST), engineMessage(1, OTHER_HOST)];
}
