/**
 * Which engines are alive, and on which hosts, as the scheduler said last.
 *
 * Waits without polling: those who wait look again whenever the list changes. Filled by `session.ts`.
 * @module
 */
import type { EngineId, HostId } from "../protocol/ids.ts";
import type { EngineMessage } from "../protocol/messages.ts";

/** The live engines of a cluster. */
export class EngineRoster {
  #ids: readonly EngineId[] = [];
  #homes = new Map<EngineId, HostId>();
  #hosts: readonly HostId[] = [];
  #slots = new Map<EngineId, number>();
  #allSlots = 0;
  #closed: Error | null = null;
  #waiters: (() => void)[] = [];
  #turn = 0;

  /** Ascending. */
  get ids(): readonly EngineId[] {
    return this.#ids;
  }

  get hosts(): readonly HostId[] {
    return this.#hosts;
  }

  hostOf(engine: EngineId): HostId | undefined {
    return this.#homes.get(engine);
  }

  /** Tasks that an engine runs at a time; 1 where it is not known. */
  slotsOf(engine: EngineId): number {
    return this.#slots.get(engine) ?? 1;
  }

  /** Tasks that all of them run at a time. */
  get slots(): number {
    return this.#allSlots;
  }

  update(list: readonly EngineMessage[]): void {
    this.#homes = new Map(list.map(([id, , host]) => [id, host]));
    this.#slots = new Map(list.map(([id, , , , slots]) => [id, slots]));
    this.#allSlots = list.reduce((sum, [, , , , slots]) => sum + slots, 0);
    this.#ids = Object.freeze([...this.#homes.keys()].sort((a, b) => a - b));
    this.#hosts = [...new Set(this.#homes.values())];
    this.#wake();
  }

  /** Wakes all who wait; they find the error. */
  close(error: Error): void {
    this.#closed = error;
    this.#wake();
  }

  /** Calls back at the next change; the result takes the callback away. */
  onChange(callback: () => void): () => void {
    this.#waiters.push(callback);
    return () => void (this.#waiters = this.#waiters.filter((other) => other !== callback));
  }

  /** Calls back once there are so many, or it is closed; at once where that is so. The result takes the callback away. */
  onCount(n: number, callback: () => void): () => void {
    let cancel = () => {};
    const look = () => {
      if (this.#closed !== null || this.#ids.length >= n) callback();
      else cancel = this.onChange(look);
    };
    look();
    return () => cancel();
  }

  /** A live host, another one each time, waiting for the first to join. Rejects when the client is closed meanwhile. */
  async anyHost(): Promise<HostId> {
    while (true) {
      if (this.#closed !== null) throw this.#closed;
      const host = this.#hosts[this.#turn++ % Math.max(1, this.#hosts.length)];
      if (host !== undefined) return host;
      await new Promise<void>((resolve) => this.onChange(resolve));
    }
  }

  /** What closed it; `null` while it lives. */
  get closed(): Error | null {
    return this.#closed;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
