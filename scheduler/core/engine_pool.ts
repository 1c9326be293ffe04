/**
 * The engines that are free: kept in the scheme's order, entered and left as their load changes.
 *
 * Knows nothing of tasks. Called by `placement.ts` whenever something about an engine changed.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import { IndexedHeap } from "./indexed_heap.ts";
import type { FreeEngines, Scheme } from "./scheme.ts";

/** The free engines of one scheduler. */
export class EnginePool implements FreeEngines {
  readonly #free: IndexedHeap<EngineRecord>;

  constructor(scheme: Scheme) {
    this.#free = new IndexedHeap(scheme.before);
  }

  get size(): number {
    return this.#free.size;
  }

  get members(): readonly EngineRecord[] {
    return this.#free.members;
  }

  get first(): EngineRecord | null {
    return this.#free.first;
  }

  firstWhere(accepts: (engine: EngineRecord) => boolean): EngineRecord | null {
    return this.#free.firstWhere(accepts);
  }

  has(engine: EngineRecord): boolean {
    return engine.heapIndex >= 0;
  }

  /** Puts the engine where it belongs now. True: it was not free before, and is. */
  refresh(engine: EngineRecord): boolean {
    if (!engine.isFree) {
      if (engine.heapIndex >= 0) this.#free.remove(engine);
      return false;
    }
    if (engine.heapIndex >= 0) {
      this.#free.update(engine);
      return false;
    }
    this.#free.push(engine);
    return true;
  }

  /** For a snapshot: schemes that draw see the engines as they lie. */
  refill(engines: Iterable<EngineRecord>): void {
    this.#free.refill(engines);
  }
}
