/**
 * The engines that may take tasks: those that are free, kept in the scheme's order, and with `hwm` `auto` those that
 * have room for more ahead of its turn, the most room first. Entered and left as their load changes.
 *
 * Knows nothing of tasks. Called by `placement.ts` whenever something about an engine changed.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import { IndexedHeap } from "./indexed_heap.ts";
import { type FreeEngines, lessRecentlyUsed, type Scheme } from "./scheme.ts";
import { WeightTree } from "./weight_tree.ts";

type Accepts = (engine: EngineRecord) => boolean;

function hasMoreRoom(a: EngineRecord, b: EngineRecord): boolean {
  return a.seenRoomUs > b.seenRoomUs || (a.seenRoomUs === b.seenRoomUs && lessRecentlyUsed(a, b));
}

/** The engines of one scheduler that may take tasks; an engine is in one of the two places at most. */
export class EnginePool implements FreeEngines {
  readonly #free: IndexedHeap<EngineRecord> | WeightTree<EngineRecord>;
  readonly #roomy = new IndexedHeap<EngineRecord>(hasMoreRoom);
  /** Engines with attempts ahead of their turn that can be asked back. */
  readonly laden: Set<EngineRecord> = new Set();
  /** Something about an engine changed since this was set to `false`. */
  hasNews = false;

  constructor(scheme: Scheme) {
    this.#free = scheme.weight === null ? new IndexedHeap(scheme.before) : new WeightTree(scheme.weight);
  }

  /** How many are free. */
  get size(): number {
    return this.#free.size;
  }

  /** Nobody may take a task, however short it is. */
  get isEmpty(): boolean {
    return this.#free.size === 0 && this.#roomy.size === 0;
  }

  get members(): readonly EngineRecord[] {
    return this.#free.members;
  }

  get first(): EngineRecord | null {
    return this.#free instanceof IndexedHeap ? this.#free.first : null;
  }

  /** The most time that a task may be expected to take which is sent ahead, µs. 0: none is. */
  get mostRoomUs(): number {
    return this.#roomy.first?.seenRoomUs ?? 0;
  }

  firstWhere(accepts: Accepts): EngineRecord | null {
    return this.#free instanceof IndexedHeap ? this.#free.firstWhere(accepts) : null;
  }

  at(share: number): EngineRecord | null {
    return this.#free instanceof WeightTree ? this.#free.at(share) : null;
  }

  /** Of those that are not free, the one with the most room that `accepts` takes. */
  roomiestWhere(accepts: Accepts): EngineRecord | null {
    return this.#roomy.firstWhere(accepts);
  }

  /**
   * An engine of which nothing was heard for too long does something that takes longer than was expected: it is out until
   * it is heard of again. Looks at no more than it drops.
   */
  dropLate(now: number): void {
    for (let engine = this.#roomy.first; engine !== null && engine.isLate(now); engine = this.#roomy.first) {
      this.#roomy.remove(engine);
      engine.seenRoomUs = 0;
    }
  }

  /** Whether it is free. */
  has(engine: EngineRecord): boolean {
    return this.#free.has(engine);
  }

  /** Whether it is not, but has room. */
  hasRoom(engine: EngineRecord): boolean {
    return this.#roomy.has(engine);
  }

  /** Puts the engine where it belongs now. True: it may take what it could not take before. */
  refresh(engine: EngineRecord): boolean {
    this.hasNews = true;
    if (engine.recallable > 0) this.laden.add(engine);
    else if (this.laden.size > 0) this.laden.delete(engine);
    const wasFree = this.#free.has(engine);
    if (engine.isFree) return this.#refreshFree(engine, wasFree);
    if (wasFree) this.#free.remove(engine);
    return this.#refreshRoomy(engine) && !wasFree;
  }

  /** For a snapshot: schemes that draw see the engines as they lie. */
  refill(engines: Iterable<EngineRecord>): void {
    this.#free.refill(engines);
  }

  #refreshFree(engine: EngineRecord, wasFree: boolean): boolean {
    if (wasFree) {
      this.#free.update(engine);
      return false;
    }
    if (this.#roomy.has(engine)) this.#roomy.remove(engine);
    engine.seenRoomUs = 0;
    this.#free.push(engine);
    return true;
  }

  #refreshRoomy(engine: EngineRecord): boolean {
    const before = engine.seenRoomUs;
    const room = engine.seenRoomUs = engine.roomUs;
    const isIn = this.#roomy.has(engine);
    if (room > 0) {
      if (isIn) this.#roomy.update(engine);
      else this.#roomy.push(engine);
    } else if (isIn) this.#roomy.remove(engine);
    return room > before;
  }
}
