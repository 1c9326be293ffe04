/**
 * Collects what one step orders, and hands it out in the right order: facts first, then the rest as it came.
 *
 * Aborts, call-backs and releases are gathered by host and epoch, so that many cost one effect.
 * @module
 */
import type { Fact } from "../../protocol/facts.ts";
import type { DispatchNumber, Epoch, HostId } from "../../protocol/ids.ts";
import type { Effect } from "./effects.ts";

interface Bundle {
  readonly host: HostId;
  readonly epoch: Epoch;
  readonly numbers: DispatchNumber[];
}

function addTo(bundles: Bundle[], host: HostId, epoch: Epoch, number: DispatchNumber): void {
  const last = bundles[bundles.length - 1];
  if (last !== undefined && last.host === host && last.epoch === epoch) last.numbers.push(number);
  else bundles.push({ host, epoch, numbers: [number] });
}

/** The orders of the step that is under way. */
export class Outbox {
  readonly #writesFacts: boolean;
  #facts: Fact[] = [];
  #effects: Effect[] = [];
  #aborts: Bundle[] = [];
  #callBacks: Bundle[] = [];
  #releases: Bundle[] = [];
  #enginesChanged = false;

  constructor(writesFacts: boolean) {
    this.#writesFacts = writesFacts;
  }

  fact(fact: Fact): void {
    if (this.#writesFacts) this.#facts.push(fact);
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  abort(host: HostId, epoch: Epoch, number: DispatchNumber): void {
    addTo(this.#aborts, host, epoch, number);
  }

  callBack(host: HostId, epoch: Epoch, number: DispatchNumber): void {
    addTo(this.#callBacks, host, epoch, number);
  }

  release(host: HostId, epoch: Epoch, number: DispatchNumber): void {
    addTo(this.#releases, host, epoch, number);
  }

  enginesChanged(): void {
    this.#enginesChanged = true;
  }

  /** Everything since the last time. */
  take(): readonly Effect[] {
    const effects: Effect[] = [];
    if (this.#facts.length > 0) effects.push({ kind: "facts", facts: this.#facts });
    for (const effect of this.#effects) effects.push(effect);
    for (const { host, epoch, numbers } of this.#aborts) effects.push({ kind: "abort-attempts", host, epoch, numbers });
    for (const { host, epoch, numbers } of this.#callBacks) effects.push({ kind: "call-back", host, epoch, numbers });
    for (const { host, epoch, numbers } of this.#releases) effects.push({ kind: "release", host, epoch, numbers });
    if (this.#enginesChanged) effects.push({ kind: "engines-changed" });
    this.#clear();
    return effects;
  }

  #clear(): void {
    if (this.#facts.length > 0) this.#facts = [];
    if (this.#effects.length > 0) this.#effects = [];
    if (this.#aborts.length > 0) this.#aborts = [];
    if (this.#callBacks.length > 0) this.#callBacks = [];
    if (this.#releases.length > 0) this.#releases = [];
    this.#enginesChanged = false;
  }
}
