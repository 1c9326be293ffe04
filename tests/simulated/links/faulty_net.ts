/**
 * A bus that misbehaves by a seed: delays, loses, repeats and reorders, cuts connections, with and without saying so.
 *
 * Runs on a fake clock and draws from a generator that is handed in, so that a seed is a run. Without faults it is a plain
 * ordered bus, and the unit tests of links use it as that. Counts what is published, so that tests can count frames.
 * @module
 */
import type { Bus, BusMessage, BusStatus, BusSubscription, PublishOptions } from "../../../bus/bus.ts";
import type { Clock } from "../../../wire/clock.ts";
import { ConnectionError } from "../../../wire/errors.ts";

/** Chances from 0 to 1 for each message, and the longest delay. */
export interface Faults {
  readonly lose: number;
  readonly repeat: number;
  readonly reorder: number;
  readonly maxDelayMs: number;
}

export const NO_FAULTS: Faults = { lose: 0, repeat: 0, reorder: 0, maxDelayMs: 0 };

export class FaultyNet {
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxPayload: number;
  faults: Faults = NO_FAULTS;
  /** Every payload that was published, while set. */
  tap: ((subject: string, data: Uint8Array) => void) | null = null;
  readonly #buses = new Set<FaultyBus>();

  constructor(clock: Clock, random: () => number = () => 0, maxPayload = 64 * 1024) {
    this.clock = clock;
    this.random = random;
    this.maxPayload = maxPayload;
  }

  connect(): FaultyBus {
    const bus = new FaultyBus(this, (gone) => this.#buses.delete(gone));
    this.#buses.add(bus);
    return bus;
  }

  /** For buses: takes a message in. */
  accept(from: FaultyBus, subject: string, data: Uint8Array): void {
    this.tap?.(subject, data);
    for (const to of this.#buses) {
      // What a node says to itself shares the fate of its connection, and no other.
      if (!to.hears(subject) || (to !== from && this.random() < this.faults.lose)) continue;
      this.#carry(from, to, subject, data);
      if (this.random() < this.faults.repeat) this.#carry(from, to, subject, data);
    }
  }

  #carry(from: FaultyBus, to: FaultyBus, subject: string, data: Uint8Array): void {
    const { clock, faults } = this;
    let atMs = clock.now() + this.random() * faults.maxDelayMs;
    if (this.random() >= faults.reorder) {
      atMs = Math.max(atMs, to.lastFrom.get(from) ?? 0);
      to.lastFrom.set(from, atMs);
    }
    const [sent, heard] = [from.cuts, to.cuts];
    const copy = data.slice();
    clock.setTimer(() => {
      // What was under way when a connection broke is gone.
      if (to.cuts === heard && (from.cuts === sent || this.random() < 0.5)) to.deliver(subject, copy);
    }, atMs - clock.now());
  }
}

export class FaultyBus implements Bus {
  readonly maxPayload: number;
  readonly lastFrom = new Map<FaultyBus, number>();
  /** Loses all that it publishes, and hears well. */
  mute = false;
  /** Counts broken connections. */
  cuts = 0;
  readonly closed: Promise<Error | undefined>;
  readonly #net: FaultyNet;
  readonly #gone: (bus: FaultyBus) => void;
  readonly #handlers = new Map<string, (message: BusMessage) => void>();
  readonly #listeners = new Set<(status: BusStatus) => void>();
  readonly #resolveClosed: (error: Error | undefined) => void;
  #status: BusStatus = "connected";
  #dead = false;
  /** What lies in a socket that is not read; `null`: all is. */
  #unread: [subject: string, data: Uint8Array][] | null = null;

  constructor(net: FaultyNet, gone: (bus: FaultyBus) => void) {
    this.#net = net;
    this.#gone = gone;
    this.maxPayload = net.maxPayload;
    const closed = Promise.withResolvers<Error | undefined>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
  }

  get status(): BusStatus {
    return this.#status;
  }

  hears(subject: string): boolean {
    return this.#status === "connected" && !this.#dead && this.#handlers.has(subject);
  }

  deliver(subject: string, data: Uint8Array): void {
    if (!this.hears(subject)) return;
    if (this.#unread !== null) return void this.#unread.push([subject, data]);
    this.#handlers.get(subject)?.({ subject, data, reply: undefined, headers: undefined });
    // A real adapter may use its buffer again.
    data.fill(0xc1);
  }

  /** The connection is dead, and nobody has noticed yet. */
  die(): void {
    this.#dead = true;
    this.cuts += 1;
  }

  cut(): void {
    this.cuts += 1;
    this.#setStatus("disconnected");
  }

  restore(): void {
    this.#dead = false;
    this.#setStatus("connected");
  }

  /**
   * As with a broker in the same process that does not get to read its sockets: what others say waits there, what it says
   * to itself comes at once, unless it is to come behind them.
   */
  stopReading(): void {
    this.#unread ??= [];
  }

  /** Reads on, all that waits first. */
  readOn(): void {
    const waiting = this.#unread ?? [];
    this.#unread = null;
    for (const [subject, data] of waiting) this.deliver(subject, data);
  }

  publish(subject: string, data: Uint8Array, options: PublishOptions = {}): void {
    if (this.#status !== "connected") throw new ConnectionError("Cannot publish: the bus is away.");
    if (data.length > this.maxPayload) throw new RangeError(`Cannot publish ${data.length} bytes.`);
    if (this.#unread !== null && this.#handlers.has(subject)) {
      if (options.behindOthers === true) return void this.#unread.push([subject, data.slice()]);
      const handler = this.#handlers.get(subject);
      return void queueMicrotask(() =>
        handler?.({ subject, data: data.slice(), reply: undefined, headers: undefined })
      );
    }
    if (!this.#dead && !this.mute) this.#net.accept(this, subject, data);
  }

  subscribe(subject: string, handler: (message: BusMessage) => void): BusSubscription {
    this.#handlers.set(subject, handler);
    const unsubscribe = () => void this.#handlers.delete(subject);
    return { subject, unsubscribe, drain: () => Promise.resolve(unsubscribe()) };
  }

  request(): Promise<BusMessage> {
    return Promise.reject(new ConnectionError("Cannot request: this bus has no replies."));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return this.close();
  }

  close(): Promise<void> {
    if (this.#status !== "closed") {
      this.#gone(this);
      this.#setStatus("closed");
      this.#resolveClosed(undefined);
    }
    return Promise.resolve();
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #setStatus(status: BusStatus): void {
    if (this.#status === "closed" || this.#status === status) return;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
