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
  #bytes = 0;
  #tick = 0;

  get size(): number {
    return this.#flights.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(counter: number): boolean {
    return this.#flights.has(counter);
  }

  /** The task was published just now. */
  add(counter: number, bytes: number): void {
    const overdueAt = this.#tick + TICKS_TO_TAKE;
    this.#flights.set(counter, { counter, bytes, overdueAt, engine: null, host: null, interrupted: false });
    this.#bytes += bytes;
  }

  /** An engine has it; how many of ours it had before. `null` where it is not under way: settled already, say. */
  taken(counter: number, engine: EngineId, host: HostId): number | null {
    const flight = this.#flights.get(counter);
    if (flight === undefined || flight.engine !== null) return null;
    flight.engine = engine;
    flight.host = host;
    return this.#load(engine, 1) - 1;
  }

  /** It is settled, or will be sent again. */
  remove(counter: number): Flight | null {
    const flight = this.#flights.get(counter);
    if (flight === undefined) return null;
    this.#flights.delete(counter);
    this.#bytes -= flight.bytes;
    if (flight.engine !== null) this.#load(flight.engine, -1);
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

  #load(engine: EngineId, change: number): number {
    const load = (this.#loads.get(engine) ?? 0) + change;
    if (load === 0) this.#loads.delete(engine);
    else this.#loads.set(engine, load);
    return load;
  }

  #untaken(): Flight[] {
    return [...this.#flights.values()].filter(({ engine }) => engine === null);
  }
}
