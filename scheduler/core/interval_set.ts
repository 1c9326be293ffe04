/**
 * A set of counters that come nearly in order, kept as intervals: what is forgotten costs next to nothing.
 *
 * Past `MAX_INTERVALS` the two lowest intervals are joined, so the numbers between them count as members too: gaps
 * that old are not filled any more. Used by sessions for the tasks they have forgotten.
 * @module
 */

/** More gaps than this in one session are closed from the bottom. */
export const MAX_INTERVALS = 1_000;

/** A set of whole numbers, small where they lie side by side. */
export class IntervalSet {
  /** Ascending, with gaps between them; `to` belongs to the interval. */
  readonly #intervals: { from: number; to: number }[] = [];

  /** Pairs `[from, to]`, ascending, both ends included. */
  get intervals(): readonly (readonly [number, number])[] {
    return this.#intervals.map(({ from, to }) => [from, to] as const);
  }

  static from(intervals: readonly (readonly [number, number])[]): IntervalSet {
    const set = new IntervalSet();
    for (const [from, to] of intervals) set.#intervals.push({ from, to });
    return set;
  }

  has(value: number): boolean {
    const interval = this.#intervals[this.#firstEndingAtOrAfter(value)];
    return interval !== undefined && interval.from <= value;
  }

  add(value: number): void {
    const index = this.#firstEndingAtOrAfter(value);
    const after = this.#intervals[index];
    if (after !== undefined && after.from <= value) return;
    const before = this.#intervals[index - 1];
    const touchesBefore = before !== undefined && before.to === value - 1;
    const touchesAfter = after !== undefined && after.from === value + 1;
    if (touchesBefore && touchesAfter) {
      before.to = after.to;
      this.#intervals.splice(index, 1);
    } else if (touchesBefore) before.to = value;
    else if (touchesAfter) after.from = value;
    else this.#intervals.splice(index, 0, { from: value, to: value });
    this.#joinLowest();
  }

  #joinLowest(): void {
    if (this.#intervals.length <= MAX_INTERVALS) return;
    const [lowest, second] = this.#intervals;
    if (lowest === undefined || second === undefined) return;
    second.from = lowest.from;
    this.#intervals.shift();
  }

  #firstEndingAtOrAfter(value: number): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const interval = this.#intervals[middle];
      if (interval !== undefined && interval.to < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
