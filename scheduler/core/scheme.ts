/**
 * How an engine is picked among those that may take a task: one small object for each scheme.
 *
 * A scheme sees engines that are free and allowed, and a source of chance; it changes nothing. Chosen by name in
 * `SchedulerOptions`, used by `placement.ts`. Somebody's own one is in `custom_scheme.ts`.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import type { SeededRandom } from "./random.ts";
import type { SchemeName } from "./scheduler_core.ts";

/** The free engines, the first in the scheme's order found at once. */
export interface FreeEngines {
  readonly members: readonly EngineRecord[];
  /** `null` also where the scheme draws by weight: no order is kept then. */
  readonly first: EngineRecord | null;
  firstWhere(accepts: (engine: EngineRecord) => boolean): EngineRecord | null;
  /** The engine at `share` (in [0, 1)) of the sum of all weights; `null` also where the scheme knows no weights. */
  at(share: number): EngineRecord | null;
}

/** One way to pick. */
export interface Scheme {
  readonly name: SchemeName;
  /** A strict total order, in which the free engines are kept; where there is a `weight`, they are kept by that. */
  before(a: EngineRecord, b: EngineRecord): boolean;
  /** The probability of being drawn by `FreeEngines.at` is in proportion to this; `null`: nothing is drawn like that. */
  readonly weight: ((engine: EngineRecord) => number) | null;
  /** For a task that may run anywhere: O(log engines) at most. */
  pick(free: FreeEngines, random: SeededRandom): EngineRecord | null;
  /** For a task that may run only where `accepts` says so. */
  pickWhere(
    free: FreeEngines,
    accepts: (engine: EngineRecord) => boolean,
    random: SeededRandom,
  ): EngineRecord | null;
}

/** The order in which every scheme sees engines that are equal to it. */
export function lessRecentlyUsed(a: EngineRecord, b: EngineRecord): boolean {
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
    weight: null,
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
    weight: null,
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

function idleWeight(engine: EngineRecord): number {
  return 1 / (engine.load + 1e-6);
}

/** What `FreeEngines.at` does, for a few engines of which no sums are kept. */
function atShare(engines: readonly EngineRecord[], share: number): EngineRecord | null {
  let left = share * engines.reduce((sum, engine) => sum + idleWeight(engine), 0);
  for (const engine of engines) {
    left -= idleWeight(engine);
    if (left < 0) return engine;
  }
  return engines[engines.length - 1] ?? null;
}

function lessLoadedOfTwo(at: (share: number) => EngineRecord | null, random: SeededRandom): EngineRecord | null {
  const [first, second] = [at(random.next()), at(random.next())];
  if (first === null || second === null) return null;
  return second.load < first.load ? second : first;
}

const WEIGHTED: Scheme = {
  name: "weighted",
  before: lessRecentlyUsed,
  weight: idleWeight,
  pick: (free, random) => free.members.length === 0 ? null : lessLoadedOfTwo((share) => free.at(share), random),
  pickWhere(free, accepts, random) {
    const engines = free.members.filter(accepts);
    return engines.length === 0 ? null : lessLoadedOfTwo((share) => atShare(engines, share), random);
  },
};

/** Every scheme that the core has itself. */
export const SCHEMES: Readonly<Record<Exclude<SchemeName, "custom">, Scheme>> = {
  leastload: firstInOrder("leastload", lessLoaded),
  lru: firstInOrder("lru", lessRecentlyUsed),
  plainrandom: drawn("plainrandom", drawOne),
  twobin: drawn("twobin", drawLessUsedOfTwo),
  weighted: WEIGHTED,
};
