/**
 * The options of a random history: every scheme, every mark, a grace or none, much or little that is kept.
 * @module
 */
import type { HostId } from "../../protocol/ids.ts";
import { SeededRandom } from "../../scheduler/core/random.ts";
import type { SchedulerOptions } from "../../scheduler/core/scheduler_core.ts";

/** Options that a seed draws. */
export function drawOptions(seed: number): Partial<SchedulerOptions> {
  const random = new SeededRandom(seed);
  const pick = <Item>(...items: readonly Item[]): Item => items[random.below(items.length)] as Item;
  return {
    seed,
    scheme: pick("leastload", "leastload", "lru", "plainrandom", "twobin"),
    hwm: pick(0, 1, 1, 2, 5),
    graceMs: pick(0, 0, 50),
    knownHosts: pick([], [], ["h1" as HostId]),
    retention: { maxRecords: pick(0, 3, 20, 1_000), maxAgeMs: pick(100, 1e6), maxBytes: Infinity },
    reportGraceMs: 60.5,
  };
}
