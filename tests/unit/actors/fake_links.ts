/**
 * Nodes in one process with nothing between them: the transport as the actor layer sees it, under a test's control.
 *
 * Messages arrive a microtask later, in order, as copies. Tests decide who is down, unreachable, or full.
 * @module
 */
import type { DownReason, LinkEvents, LinkMessage, LinkTransport, NodeAddress } from "../../../actors/link_port.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import type { RemoteOptions } from "../../../actors/remote.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, MailboxFull } from "../../../wire/errors.ts";
import { silentLog } from "../../../wire/log.ts";

export class FakeNet {
  readonly links = new Map<NodeAddress, FakeLink>();
  readonly clock = new FakeClock();
  #lives = 0;

  /** A system on a link of its own. Plain codec and a window of 1,024, unless said otherwise. */
  join(address: NodeAddress, options: Partial<RemoteOptions> = {}): { system: ActorSystem; link: FakeLink } {
    const link = new FakeLink(this, address, `life-${++this.#lives}`);
    this.links.set(address, link);
    const system = ActorSystem.over({
      transport: link,
      bus: null,
      cluster: "test",
      clock: this.clock,
      log: silentLog,
      codec: "plain",
      window: 1_024,
      closesBus: false,
      ...options,
    });
    return { system, link };
  }

  /** Everybody learns that the node is gone for good. */
  takeDown(address: NodeAddress, reason: DownReason = "silent"): void {
    const gone = this.links.get(address);
    this.links.delete(address);
    for (const link of this.links.values()) link.events?.down(address, gone?.incarnation ?? null, reason);
  }
}

export class FakeLink implements LinkTransport {
  events: LinkEvents | null = null;
  /** Takes no more until `open`. */
  full = false;
  readonly watched = new Set<NodeAddress>();
  readonly sent: LinkMessage[] = [];
  #waiters: (() => void)[] = [];
  #closed = false;

  constructor(readonly net: FakeNet, readonly address: NodeAddress, readonly incarnation: string) {}

  listen(events: LinkEvents): void {
    this.events = events;
  }

  send(to: NodeAddress, message: LinkMessage): void {
    if (this.#closed) throw new ConnectionError("closed");
    if (this.full) throw new MailboxFull("full");
    const copy = structuredClone(message);
    this.sent.push(copy);
    queueMicrotask(() => this.net.links.get(to)?.events?.message(this.address, this.incarnation, copy));
  }

  drained(): Promise<void> {
    return this.full ? new Promise((resolve) => this.#waiters.push(resolve)) : Promise.resolve();
  }

  /** Takes messages again. */
  open(): void {
    this.full = false;
    for (const wake of this.#waiters.splice(0)) wake();
  }

  watch(peer: NodeAddress): void {
    this.watched.add(peer);
  }

  unwatch(peer: NodeAddress): void {
    this.watched.delete(peer);
  }

  close(): Promise<void> {
    this.#closed = true;
    if (this.net.links.get(this.address) === this) this.net.takeDown(this.address, "said-goodbye");
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
