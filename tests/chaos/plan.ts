/**
 * When which fault comes: drawn by a seed, before anything runs.
 *
 * Pure. Kinds are dealt as from a deck, so that each comes about as often as its weight says; what exactly is hit is
 * found when the time comes, by `share` of what is there then. Called by `chaos_run.ts`.
 * @module
 */
import { Draw } from "./draw.ts";
import type { FaultKind } from "./fault_kinds.ts";

/** One fault that is to come. */
export interface PlannedFault {
  readonly number: number;
  /** From the beginning of the storm, ms. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** How long it lasts, ms. */
  readonly spanMs: number;
  /** Which of what can be hit: 0 to below 1. */
  readonly share: number;
}

/** What a plan is drawn from. */
export interface PlanOptions {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  /** Length of the storm, ms: the last fault has ended by then. */
  readonly stormMs: number;
  /** Between two faults on average, ms. */
  readonly gapMs: number;
}

/** The faults, in their order. Throws `RangeError` where there is no kind to draw from. */
export function planFaults({ seed, kinds, stormMs, gapMs }: PlanOptions): readonly PlannedFault[] {
  if (kinds.length === 0) throw new RangeError("Cannot plan faults of no kind: name at least one.");
  const draw = Draw.of(seed, "faults");
  const cards = kinds.flatMap((kind) => Array<FaultKind>(kind.weight).fill(kind));
  let deck: FaultKind[] = [];
  const faults: PlannedFault[] = [];
  // Often close together, at times far apart: as from -ln, but bounded, so that no run is without faults.
  const pause = () => gapMs * Math.min(4, 0.1 - 0.9 * Math.log(1 - draw.share()));
  for (let atMs = pause(); atMs < stormMs; atMs += pause()) {
    if (deck.length === 0) deck = draw.shuffled(cards);
    const kind = deck.pop() ?? draw.pick(kinds);
    const spanMs = draw.between(...kind.spanMs);
    const share = draw.share();
    if (atMs + spanMs > stormMs) continue;
    faults.push({ number: faults.length + 1, atMs: Math.round(atMs), kind, spanMs, share });
  }
  return faults;
}
