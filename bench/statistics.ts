/**
 * The few numbers that a series of measurements is summed up in.
 *
 * Pure. Called by the parts of the benchmark.
 * @module
 */

/** Median and 95th percentile of a series, in the series' own unit. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** The value below which `share` (0–1) of the series lies. Throws for an empty series. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new RangeError("Cannot sum up an empty series: measure at least once.");
  return value;
}

/** Of an even number of values, the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Both figures, rounded. */
export function spread(values: readonly number[]): Spread {
  return { p50: rounded(median(values)), p95: rounded(percentile(values, 0.95)) };
}

/** To four significant digits: more is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** What one piece of work took, ms. */
export async function elapsedMs(work: () => PromiseLike<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
