/**
 * How an engine is picked among those that may take a task: one small object for each scheme.
 *
 * A scheme sees engines that are free and allowed, and a source of chance; it changes nothing. Chosen by name in
 * `SchedulerOptions`, used by `placement.ts`.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import type { SeededRandom } from "./random.ts";
import type { SchemeName } from "./scheduler_core.ts";

/** The free engines, the first in the scheme's order found at once. */
export interface FreeEngines {
  readonly members: readonly EngineRecord[];
  readonly first: EngineRecord | null;
  firstWhere(accepts: (engine: EngineRecord) => boolean): EngineRecord | null;
}

/** One way to pick. Has no state of its own. */
export interface Scheme {
  readonly name: SchemeName;
  /** A strict total order, in which the free engines are kept. */
  before(a: EngineRecord, b: EngineRecord): boolean;
  /** For a task that may run anywhere: O(log engines) at most. */
  pick(free: FreeEngines, random: SeededRandom): EngineRecord | null;
  /** For a task that may run only where `accepts` says so. */
  pickWhere(
    free: FreeEngines,
    accepts: (engine: EngineRecord) => boolean,
    random: SeededRandom,
  ): EngineRecord | null;
}

function lessRecentlyUsed(a: EngineRecord, b: EngineRecord): boolean {
  return a.usedAt < b.usedAt || (a.usedAt === b.usedAt && a.serial < b.serial);
}

function lessLoaded(a: EngineRecord, b: EngineRecord): boolean {
  return a.load < b.load || (a.load === b.load && lessRecentlyUsed(a, b));
}

/** A scheme that always takes the first in its order. */
function firstInOrder(name: SchemeName, before: Scheme["before"]): Scheme {
  return {
    name,
    before,
    pick: (free) => free.first,
    pickWhere: (free, accepts) => free.firstWhere(accepts),
  };
}

/** A scheme that draws from a list. */
function drawn(
  name: SchemeName,
  draw: (engines: readonly EngineRecord[], random: SeededRandom) => EngineRecord | null,
): Scheme {
  return {
    name,
    before: lessRecentlyUsed,
    pick: (free, random) => draw(free.members, random),
    pickWhere: (free, accepts, random) => draw(free.members.filter(accepts), random),
  };
}

/** Takes no chance where there is no choice to make: asking in vain must not change what comes later. */
function drawOne(engines: readonly EngineRecord[], random: SeededRandom): EngineRecord | null {
  if (engines.length === 0) return null;
  return engines[random.below(engines.length)] ?? null;
}

function drawLessUsedOfTwo(engines: readonly EngineRecord[], random: SeededRandom): EngineRecord | null {
  const first = drawOne(engines, random);
  const second = drawOne(engines, random);
  if (first === null || second === null) return null;
  return lessRecentlyUsed(second, first) ? second : first;
}

/** Every scheme that the core has itself. */
export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  leastload: firstInOrder("leastload", lessLoaded),
  lru: firstInOrder("lru", lessRecentlyUsed),
  plainrandom: drawn("plainrandom", drawOne),
  twobin: drawn("twobin", drawLessUsedOfTwo),
};
