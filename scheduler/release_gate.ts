/**
 * When hosts are told that results have arrived: a little later, all of that time at once.
 *
 * A release lets a host forget a result, which then is nowhere but here and on its way to its client. A controller that
 * dies right now may take that with it; so the host keeps it until the client can be trusted to have it, and a new
 * controller is told of it again. Costs one small message a host and `HOLD_MS`. Owned by the scheduler's shell.
 * @module
 */
import type { DispatchNumber, Epoch, HostId } from "../protocol/ids.ts";

/** A release waits for so long at least, and twice that at most: many times the way to a client that reads. */
const HOLD_MS = 50;

interface HeldReleases {
  readonly epoch: Epoch;
  readonly numbers: DispatchNumber[];
}

/** What the gate needs of the actor that owns it. */
export interface ReleaseOutlet {
  release(host: HostId, epoch: Epoch, numbers: readonly DispatchNumber[]): void;
  after(delayMs: number, task: () => void): unknown;
}

export class ReleaseGate {
  readonly #outlet: ReleaseOutlet;
  /** Of the time since the last look, and of the one before. */
  #fresh = new Map<HostId, HeldReleases[]>();
  #ripe = new Map<HostId, HeldReleases[]>();
  #looking = false;

  constructor(outlet: ReleaseOutlet) {
    this.#outlet = outlet;
  }

  /** Results of these dispatches arrived, and are on their way to their clients. */
  add(host: HostId, epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    let lists = this.#fresh.get(host);
    if (lists === undefined) this.#fresh.set(host, lists = []);
    let list = lists.find((one) => one.epoch === epoch);
    if (list === undefined) lists.push(list = { epoch, numbers: [] });
    for (const number of numbers) list.numbers.push(number);
    this.#lookLater();
  }

  /** The host is gone, and all it held. */
  forget(host: HostId): void {
    this.#fresh.delete(host);
    this.#ripe.delete(host);
  }

  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#outlet.after(HOLD_MS, () => {
      this.#looking = false;
      this.#look();
    });
  }

  #look(): void {
    for (const [host, lists] of this.#ripe) {
      for (const { epoch, numbers } of lists) this.#outlet.release(host, epoch, numbers);
    }
    this.#ripe = this.#fresh;
    this.#fresh = new Map();
    if (this.#ripe.size > 0) this.#lookLater();
  }
}
