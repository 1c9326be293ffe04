/**
 * All engines of one host: starts them, names them, hands each its runs, stops them.
 *
 * Talks to nobody: what happens is told to `FleetEvents`. So it can be used and tested without a scheduler; the host's
 * actor is a thin layer over it.
 * @module
 */
import type { BlobFollower } from "./blob_follower.ts";
import type { EngineId, EngineUuid } from "../protocol/ids.ts";
import type { EngineSupervision } from "../protocol/supervision.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { BlobFolder } from "./blob_folder.ts";
import type { ClientAccess } from "./bus_bridge.ts";
import type { EngineCommand } from "./engine_command.ts";
import type { InputSources } from "./engine_inputs.ts";
import type { EngineRun } from "./engine_run.ts";
import { EngineSeat, type ReadyEngine, type SeatEvents, type SeatState } from "./engine_seat.ts";
import type { OrphanReaper } from "./orphan_reaper.ts";
import { endWith } from "./run_end.ts";

/** What is told of engines and runs. */
export type FleetEvents = SeatEvents;

export interface FleetOptions {
  /** Made anew for each process. */
  readonly command: () => EngineCommand;
  readonly sources: InputSources;
  readonly folder: BlobFolder;
  readonly clock: Clock;
  readonly log: Log;
  /** Tasks an engine runs at a time. */
  readonly slots: number;
  /** Between two pings of an idle engine, ms. Three without an answer end it. */
  readonly heartbeatMs: number;
  /** From the abort of a running task to the end of its process, ms. */
  readonly graceMs: number;
  /** How tasks submit tasks; absent: they can't. */
  readonly access?: ClientAccess;
  /** The module that each process runs before tasks come, as one text; absent: none. */
  readonly initializer?: string;
  /** Bytes that each engine may take of memory, all in all; absent: no limit. */
  readonly memoryBytes?: number;
  /** Sees to it that engines end with this host; absent: the system does. */
  readonly orphans?: OrphanReaper | null;
}

/** One engine, for a status. */
export interface SeatReport {
  readonly id: EngineId | null;
  readonly state: SeatState;
}

/** An engine without an id, and who wants to know which it gets. */
interface UnnamedSeat {
  readonly seat: EngineSeat;
  readonly named: (id: EngineId) => void;
}

export class EngineFleet implements AsyncDisposable {
  readonly #options: FleetOptions;
  readonly #events: FleetEvents;
  readonly #named = new Map<EngineId, EngineSeat>();
  #unnamed: UnnamedSeat[] = [];
  #beat: TimerHandle | null;
  #closed = false;

  constructor(options: FleetOptions, events: FleetEvents) {
    this.#options = options;
    this.#events = events;
    this.#beat = this.#nextBeat();
  }

  /** Engines that have no id yet. */
  get unnamed(): number {
    return this.#unnamed.length;
  }

  /** All that take tasks now, ascending. */
  get ready(): readonly ReadyEngine[] {
    return [...this.#named.values()].flatMap((seat) => seat.ready ?? []).sort((a, b) => a.id - b.id);
  }

  /** Ids of engines that take none now and will, unless they don't get up; ascending. */
  get returning(): readonly EngineId[] {
    return [...this.#named].flatMap(([id, seat]) => seat.returns ? [id] : []).sort((a, b) => a - b);
  }

  /** All engines. */
  get seats(): readonly SeatReport[] {
    return this.#seats.map(({ id, state }) => ({ id, state }));
  }

  /** How each of them is, in the order of their ids; those without one last. */
  get supervision(): readonly EngineSupervision[] {
    return this.#seats.map((seat) => seat.supervision).sort((a, b) => (a.id ?? Infinity) - (b.id ?? Infinity));
  }

  /** Of the process that takes tasks now, or took them last. */
  uuidOf(id: EngineId): EngineUuid | null {
    return this.#named.get(id)?.uuid ?? null;
  }

  /** Starts processes. They take tasks as soon as they have ids; resolves with these, whenever that is. */
  start(count: number): Promise<EngineId[]> {
    if (this.#closed) throw new TypeError("Cannot start engines: the host is closing");
    return Promise.all(Array.from({ length: count }, () => this.#startOne()));
  }

  /** Names engines, in the order in which they were started. Ids that are known here are passed over: they came twice. */
  assignIds(given: readonly EngineId[]): void {
    const ids = given.filter((id) => !this.#named.has(id));
    const seats = this.#unnamed.slice(0, ids.length);
    this.#unnamed = this.#unnamed.slice(ids.length);
    seats.forEach(({ seat, named }, index) => {
      const id = ids[index];
      if (id === undefined) return;
      this.#named.set(id, seat);
      seat.assignId(id);
      named(id);
    });
  }

  /** Runs on the engine that the run names; an engine that is not here returns it at once. */
  enqueue(run: EngineRun): void {
    const seat = this.#named.get(run.engine);
    if (seat !== undefined) return seat.enqueue(run);
    run.state = "ended";
    this.#events.runEnded(run, endWith({ kind: "returned" }, this.#options.clock.now()));
  }

  /** Sends a value that is still being uploaded to engines that have nothing else to do. Unknown ids are passed over. */
  sendAhead(ids: readonly EngineId[], upload: string, total: number, follow: () => BlobFollower | null): void {
    for (const id of new Set(ids)) this.#named.get(id)?.sendAhead(upload, total, follow);
  }

  /** Ends a run, wherever it is. One that has ended is left alone. */
  abort(run: EngineRun): void {
    if (run.state !== "ended") this.#named.get(run.engine)?.abort(run);
  }

  /** Gives a run back that has not begun. */
  callBack(run: EngineRun): void {
    if (run.state !== "ended") this.#named.get(run.engine)?.callBack(run);
  }

  /** Lets running tasks finish, at most `drainMs`, then ends the processes for good. Unknown ids are passed over. */
  async stop(ids: readonly EngineId[], drainMs: number): Promise<void> {
    await Promise.all(this.#seatsOf(ids).map((seat) => seat.stop(drainMs, false)));
    for (const id of ids) this.#named.delete(id);
  }

  /**
   * As `stop`, and a new process under the same id. Resolves when the old ones have ended. Rejects with a `RangeError`,
   * and does nothing, where one of the engines is not here or will not come back.
   */
  async restart(ids: readonly EngineId[], drainMs: number): Promise<void> {
    for (const id of ids) this.#checkRestart(id);
    await Promise.all(this.#seatsOf(ids).map((seat) => seat.stop(drainMs, true)));
  }

  /** Sends a signal to the processes of these engines. */
  signal(signal: Deno.Signal, ids: readonly EngineId[]): void {
    for (const seat of this.#seatsOf(ids)) seat.signal(signal);
  }

  /** Ends all engines. */
  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    if (this.#beat !== null) this.#options.clock.clearTimer(this.#beat);
    this.#beat = null;
    await Promise.all(this.#seats.map((seat) => seat.stop(drainMs, false)));
    await this.#options.orphans?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  get #seats(): EngineSeat[] {
    return [...this.#named.values(), ...this.#unnamed.map(({ seat }) => seat)];
  }

  #startOne(): Promise<EngineId> {
    const { promise, resolve: named } = Promise.withResolvers<EngineId>();
    this.#unnamed.push({ seat: new EngineSeat(this.#options, this.#events), named });
    return promise;
  }

  #checkRestart(id: EngineId): void {
    const seat = this.#named.get(id);
    if (seat !== undefined && seat.state !== "failed" && seat.state !== "stopped") return;
    const why = seat === undefined
      ? `this host has engines ${[...this.#named.keys()].join(", ")}`
      : `it is ${seat.state}`;
    throw new RangeError(`Cannot restart engine ${id}: ${why}; start another one with startEngines`);
  }

  #seatsOf(ids: readonly EngineId[]): EngineSeat[] {
    return ids.flatMap((id) => this.#named.get(id) ?? []);
  }

  #nextBeat(): TimerHandle {
    const { clock, heartbeatMs } = this.#options;
    return clock.setTimer(() => {
      for (const seat of this.#named.values()) seat.tick();
      this.#beat = this.#nextBeat();
    }, heartbeatMs);
  }
}
