/**
 * Hosts and engines as the facts tell of them: who is there, doing what, and why the others are not.
 *
 * A fold: it decides nothing. Owned by the hub, read by `status`.
 * @module
 */
import type { Fact } from "../protocol/facts.ts";
import type { EngineId, EngineUuid, HostId } from "../protocol/ids.ts";
import type { EngineState, EngineStatus, HostStatus } from "../protocol/status.ts";

/** A host, and when and why it was lost, where it was. */
export interface KnownHost extends HostStatus {
  /** Epoch ms of the controller's clock. */
  readonly lost: { readonly reason: string; readonly at: number } | null;
}

interface HostEntry {
  readonly id: HostId;
  hostname: string;
  pid: number;
  packageVersion: string;
  alive: boolean;
  lost: { readonly reason: string; readonly at: number } | null;
}

interface EngineEntry {
  readonly id: EngineId;
  host: HostId;
  uuid: EngineUuid | null;
  pid: number | null;
  slots: number;
  state: "starting" | "up" | "draining" | "down" | "failed";
  reason: string | null;
  load: number;
  /** Slots that tasks lend while they wait for tasks of their own. */
  lent: number;
  completed: number;
  failed: number;
  /** Lives it has had. */
  lives: number;
}

function newEngine(id: EngineId, host: HostId): EngineEntry {
  return {
    id,
    host,
    uuid: null,
    pid: null,
    slots: 1,
    state: "starting",
    reason: null,
    load: 0,
    lent: 0,
    completed: 0,
    failed: 0,
    lives: 0,
  };
}

function shownState(engine: EngineEntry): EngineState {
  if (engine.state !== "up") return engine.state;
  return engine.load > 0 ? "busy" : "idle";
}

/** So many hosts that are gone are still shown with their engines, the last ones. */
export const MAX_LOST_HOSTS = 100;

/** The registry of a cluster. */
export class EngineRegistry {
  readonly #hosts = new Map<HostId, HostEntry>();
  /** Lost longest ago first. */
  readonly #lost = new Set<HostId>();
  readonly #engines = new Map<EngineId, EngineEntry>();

  /** Takes in one fact; facts of other things are passed over. */
  apply(fact: Fact): void {
    switch (fact.kind) {
      case "host-joined":
        this.#hosts.set(fact.host, { ...fact, id: fact.host, alive: true, lost: null });
        this.#lost.delete(fact.host);
        break;
      case "host-lost":
        this.#loseHost(fact.host, fact.reason, fact.at);
        break;
      case "engine-expected":
        // Of a host that was lost and is back, it may be known already.
        Object.assign(this.#engine(fact.engine, fact.host), { host: fact.host, state: "starting", reason: null });
        break;
      case "engine-joined": {
        const engine = this.#engine(fact.engine, fact.host);
        const { host, uuid, pid, slots } = fact;
        Object.assign(engine, { host, uuid, pid, slots, state: "up", reason: null, load: 0, lent: 0 });
        engine.lives++;
        break;
      }
      case "slots-lent": {
        const engine = this.#engines.get(fact.engine);
        if (engine !== undefined) engine.lent = fact.lent;
        break;
      }
      case "engine-draining":
        this.#change(fact.engine, "draining", null);
        break;
      case "engine-left":
        if (fact.requested && !fact.returns) this.#engines.delete(fact.engine);
        else this.#change(fact.engine, fact.returns ? "starting" : "down", fact.reason);
        break;
      case "engine-failed":
        this.#engine(fact.engine, fact.host);
        this.#change(fact.engine, fact.givenUp ? "failed" : "starting", fact.reason);
        break;
    }
  }

  /** A task was assigned to an engine. */
  assigned(id: EngineId): void {
    const engine = this.#engines.get(id);
    if (engine !== undefined) engine.load++;
  }

  /** An assigned task left an engine: finished, or given back. */
  unassigned(id: EngineId, end: "completed" | "failed" | "returned"): void {
    const engine = this.#engines.get(id);
    if (engine === undefined) return;
    if (engine.load > 0) engine.load--;
    if (end === "completed") engine.completed++;
    if (end === "failed") engine.failed++;
  }

  /** How many tasks an engine runs now at most: one for each slot, and those that lend theirs. */
  slotsOf(id: EngineId): number {
    const engine = this.#engines.get(id);
    return engine === undefined ? 1 : engine.slots + engine.lent;
  }

  /** Hosts in the order in which they joined. */
  hosts(): HostStatus[] {
    return [...this.#hosts.values()].map(({ id, hostname, pid, packageVersion, alive }) => ({
      id,
      hostname,
      pid,
      packageVersion,
      alive,
    }));
  }

  /** The same, with how those that are gone were lost. */
  knownHosts(): KnownHost[] {
    return this.hosts().map((host) => ({ ...host, lost: this.#hosts.get(host.id)?.lost ?? null }));
  }

  /** Engines, ascending by id. */
  engines(): EngineStatus[] {
    return [...this.#engines.values()].sort((a, b) => a.id - b.id).map((engine) => ({
      id: engine.id,
      uuid: engine.uuid,
      host: engine.host,
      pid: engine.pid,
      slots: engine.slots,
      state: shownState(engine),
      reason: engine.reason,
      load: engine.load,
      completed: engine.completed,
      failed: engine.failed,
      restarts: Math.max(0, engine.lives - 1),
    }));
  }

  #engine(id: EngineId, host: HostId): EngineEntry {
    let engine = this.#engines.get(id);
    if (engine === undefined) this.#engines.set(id, engine = newEngine(id, host));
    return engine;
  }

  #change(id: EngineId, state: EngineEntry["state"], reason: string | null): void {
    const engine = this.#engines.get(id);
    if (engine === undefined) return;
    Object.assign(engine, { state, reason });
    if (state !== "draining") Object.assign(engine, { load: 0, pid: null });
  }

  #loseHost(id: HostId, reason: string, at: number): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    host.alive = false;
    host.lost = { reason, at };
    this.#lost.add(id);
    for (const engine of this.#engines.values()) {
      // Why an engine was given up says more than that its host is gone since.
      if (engine.host === id && engine.state !== "failed") this.#change(engine.id, "down", "its host was lost");
    }
    const [oldest] = this.#lost;
    if (oldest !== undefined && this.#lost.size > MAX_LOST_HOSTS) this.#forgetHost(oldest);
  }

  #forgetHost(id: HostId): void {
    this.#lost.delete(id);
    this.#hosts.delete(id);
    for (const engine of [...this.#engines.values()]) if (engine.host === id) this.#engines.delete(engine.id);
  }
}
