/**
 * The tasks that were published in the scheme `pure` and are not settled: who took each, and which nobody took.
 *
 * Counts ticks, not time: whoever calls `tick` says which moments count. Decides nothing about tasks. Used by
 * `pure_tasks.ts` and `pure_queue.ts`.
 * @module
 */
import type { EngineId, HostId } from "../protocol/ids.ts";

/** One task under way. */
export interface Flight {
  readonly counter: number;
  readonly bytes: number;
  /** `JobPlan.owner`. */
  readonly owner: object | null;
  /** The tick at which it counts as lost, unless somebody took it before. */
  overdueAt: number;
  /** `null`: nobody has said that it took it. */
  engine: EngineId | null;
  host: HostId | null;
  /** The connection was away since it was published. */
  interrupted: boolean;
}

/** Ticks that somebody has to say that it took a task. */
export const TICKS_TO_TAKE = 10;
/** The same, once a host is gone that may have had it. */
const TICKS_AFTER_LOSS = 2;

/** Everything under way, in order of publishing. */
export class PureFlight {
  readonly #flights = new Map<number, Flight>();
  /** How many of ours each engine has. */
  readonly #loads = new Map<EngineId, number>();
  /** How many there are of each owner. */
  readonly #owned = new Map<object | null, number>();
  #bytes = 0;
  #tick = 0;

  get size(): number {
    return this.#flights.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many this one has under way. */
  sizeOf(owner: object | null): number {
    return this.#owned.get(owner) ?? 0;
  }

  has(counter: number): boolean {
    return this.#flights.has(counter);
  }

  /** The task was published just now. */
  add(counter: number, bytes: number, owner: object | null): void {
    const overdueAt = this.#tick + TICKS_TO_TAKE;
    this.#flights.set(counter, { counter, bytes, owner, overdueAt, engine: null, host: null, interrupted: false });
    this.#bytes += bytes;
    change(this.#owned, owner, 1);
  }

  /** An engine has it; how many of ours it had before. `null` where it is not under way: settled already, say. */
  taken(counter: number, engine: EngineId, host: HostId): number | null {
    const flight = this.#flights.get(counter);
    if (flight === undefined || flight.engine !== null) return null;
    flight.engine = engine;
    flight.host = host;
    return change(this.#loads, engine, 1) - 1;
  }

  /** It is settled, or will be sent again. */
  remove(counter: number): Flight | null {
    const flight = this.#flights.get(counter);
    if (flight === undefined) return null;
    this.#flights.delete(counter);
    this.#bytes -= flight.bytes;
    change(this.#owned, flight.owner, -1);
    if (flight.engine !== null) change(this.#loads, flight.engine, -1);
    return flight;
  }

  /** Whatever was on its way through the connection may be lost. */
  interrupted(): void {
    for (const flight of this.#untaken()) flight.interrupted = true;
  }

  /** All that the host took. What nobody took may have been there too: the others have a short while to say so. */
  hostLost(host: HostId): Flight[] {
    const overdueAt = this.#tick + TICKS_AFTER_LOSS;
    for (const flight of this.#untaken()) flight.overdueAt = Math.min(flight.overdueAt, overdueAt);
    return [...this.#flights.values()].filter((flight) => flight.host === host);
  }

  /** One more moment in which news could have come; what nobody took for too long. */
  tick(): Flight[] {
    this.#tick++;
    return this.#untaken().filter((flight) => flight.overdueAt <= this.#tick);
  }

  /** What each engine took of ours, oldest first. */
  byEngine(): Map<EngineId, Flight[]> {
    const engines = new Map<EngineId, Flight[]>();
    for (const flight of this.#flights.values()) {
      if (flight.engine === null) continue;
      const list = engines.get(flight.engine);
      if (list === undefined) engines.set(flight.engine, [flight]);
      else list.push(flight);
    }
    return engines;
  }

  #untaken(): Flight[] {
    return [...this.#flights.values()].filter(({ engine }) => engine === null);
  }
}

/** Returns the new count. */
function change<K>(counts: Map<K, number>, key: K, by: number): number {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
  return count;
}
