/**
 * Which hosts with engines a controller has, and which engine id it would give next: what its next life must know to begin well.
 *
 * A fold of facts. The controller tells its host whenever it changes; the host tells the next life, which waits for these
 * hosts before it dispatches, and gives no id twice.
 * @module
 */
import type { Fact } from "../protocol/facts.ts";
import type { HostId } from "../protocol/ids.ts";

/** What is handed from life to life. */
export interface RosterReport {
  readonly hosts: readonly HostId[];
  readonly nextEngineId: number;
}

export class Roster {
  readonly #hosts: Set<HostId>;
  #nextEngineId: number;

  constructor(before: RosterReport) {
    this.#hosts = new Set(before.hosts);
    this.#nextEngineId = before.nextEngineId;
  }

  /** Takes in facts; whether they changed anything. */
  apply(facts: readonly Fact[]): boolean {
    let changed = false;
    for (const fact of facts) if (this.#applyOne(fact)) changed = true;
    return changed;
  }

  report(): RosterReport {
    return { hosts: [...this.#hosts], nextEngineId: this.#nextEngineId };
  }

  #applyOne(fact: Fact): boolean {
    switch (fact.kind) {
      case "host-lost":
        return this.#hosts.delete(fact.host);
      case "engine-expected":
      case "engine-joined":
        return this.#sawEngine(fact.engine, fact.host);
      default:
        return false;
    }
  }

  #sawEngine(id: number, host: HostId): boolean {
    if (id < this.#nextEngineId && this.#hosts.has(host)) return false;
    this.#hosts.add(host);
    this.#nextEngineId = Math.max(this.#nextEngineId, id + 1);
    return true;
  }
}
