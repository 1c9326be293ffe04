/**
 * Two hosts in this process that hear broadcasts as real ones do, and a client's session before them.
 *
 * What comes twice fails the test. Used by the tests of broadcasts.
 * @module
 */
import type { Bus, BusSubscription } from "../../../bus/bus.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { DirectClients } from "../../../host/direct_clients.ts";
import { readBroadcast } from "../../../host/read_broadcast.ts";
import type { HostId } from "../../../protocol/ids.ts";
import type { BroadcastMessage } from "../../../protocol/messages.ts";
import { broadcastSubject } from "../../../protocol/subjects.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { decodeFrame } from "../../../wire/frame_codec.ts";
import { engineMessage, FakeCluster, settleTurn } from "./fake_cluster.ts";

export const HOSTS = ["h1", "h2"] as unknown as readonly [HostId, HostId];
const SUBJECT = broadcastSubject("test");

/** How a host treats what it hears. */
export type Hearing = "takes" | "deaf" | "silent";

export class BroadcastStage {
  readonly clock = new FakeClock();
  readonly cluster: FakeCluster;
  readonly published: BroadcastMessage[] = [];
  readonly hearing = new Map<HostId, Hearing>();
  readonly broker: MemoryBroker;
  readonly clientBus: Bus;
  readonly #hostBus: Bus;
  readonly #clients = new Map(HOSTS.map((host) => [host, new DirectClients()]));
  readonly #subscription: BusSubscription;

  private constructor(maxPayload: number) {
    this.broker = new MemoryBroker({ maxPayload });
    this.clientBus = this.broker.connect();
    this.#hostBus = this.broker.connect();
    this.cluster = new FakeCluster(this.clock, null, { bus: this.clientBus, subject: SUBJECT });
    this.cluster.engines = [0, 1, 2, 3].map((id) => engineMessage(id, HOSTS[id % 2]));
    this.cluster.takesDirect = (host, [session, , , , sequence = -1]) =>
      this.#clients.get(host)?.takeMessage(session, sequence) === true;
    this.#subscription = this.#hostBus.subscribe(SUBJECT, ({ data }) => this.#heard(data.slice()));
  }

  static async open(maxPayload = 1_048_576): Promise<BroadcastStage> {
    const stage = new BroadcastStage(maxPayload);
    await stage.cluster.session.start(1_000);
    return stage;
  }

  /** All that is on its way now has arrived. */
  async delivered(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await settleTurn();
      await this.#hostBus.flush();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription.unsubscribe();
    await Promise.all([this.clientBus.close(), this.#hostBus.close()]);
  }

  #heard(bytes: Uint8Array): void {
    const message = decodeFrame(bytes) as BroadcastMessage;
    this.published.push(message);
    for (const host of HOSTS) this.#hear(host, bytes, message);
  }

  #hear(host: HostId, bytes: Uint8Array, message: BroadcastMessage): void {
    const hearing = this.hearing.get(host) ?? "takes";
    const order = hearing === "deaf" ? null : readBroadcast(bytes, host);
    if (order === null) return;
    const taken = this.#clients.get(host)?.takeBroadcast(order.session, order.sequence) === true;
    if (hearing !== "silent") this.cluster.session.broadcastHeard(host, order.sequence, taken);
    if (!taken) return;
    const [, , codes, templates, rows, shares] = message;
    const [, , first = 0, count = 0] = shares.find(([id]) => id === host) ?? [];
    this.cluster.arriveDirect(codes, templates, rows.slice(first, first + count), rows);
  }
}
