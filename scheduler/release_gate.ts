/**
 * When hosts are told that results have arrived: with the next tasks for them, or a little later by itself.
 *
 * A release frees memory and nothing else, so it is not worth a message of its own while others go that way. Owned by
 * the scheduler's shell.
 * @module
 */
import type { DispatchNumber, Epoch, HostId } from "../protocol/ids.ts";

const HOLD_MS = 50;
/** So many are not held any longer. */
const FULL_BATCH = 1_024;

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
  readonly #held = new Map<HostId, HeldReleases[]>();
  #flushing = false;

  constructor(outlet: ReleaseOutlet) {
    this.#outlet = outlet;
  }

  /** Results of these dispatches arrived. */
  add(host: HostId, epoch: Epoch, numbers: readonly DispatchNumber[]): void {
    let lists = this.#held.get(host);
    if (lists === undefined) this.#held.set(host, lists = []);
    let list = lists.find((one) => one.epoch === epoch);
    if (list === undefined) lists.push(list = { epoch, numbers: [] });
    for (const number of numbers) list.numbers.push(number);
    if (list.numbers.length >= FULL_BATCH) this.flush(host);
    else this.#flushLater();
  }

  /** A message goes to the host now: what is held goes along. */
  flush(host: HostId): void {
    const lists = this.#held.get(host);
    if (lists === undefined) return;
    this.#held.delete(host);
    for (const { epoch, numbers } of lists) this.#outlet.release(host, epoch, numbers);
  }

  /** The host is gone, and all it held. */
  forget(host: HostId): void {
    this.#held.delete(host);
  }

  #flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#outlet.after(HOLD_MS, () => {
      this.#flushing = false;
      for (const host of [...this.#held.keys()]) this.flush(host);
    });
  }
}
