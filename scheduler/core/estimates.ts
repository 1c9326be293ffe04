/**
 * How long tasks are expected to run: a running mean for each function, from what its attempts took.
 *
 * The mean must be an honest one: where one call in a hundred takes 500 ms and the others 1 ms, the next is expected to
 * take 6. So a new time counts little, and the first ones are averaged plainly. In whole µs, so that sums of them are
 * exact. Fed by `on_attempts.ts`, asked by `placement.ts`; only with `hwm` `auto`.
 * @module
 */
import type { ContentHash } from "../../protocol/ids.ts";
import { LinkedList } from "./linked_list.ts";

/** What a task of a function that has never ended is expected to take: longer than anything is sent ahead. */
export const UNKNOWN_US = 1e9;

/** So many functions are remembered, those that ended last. */
export const MAX_FUNCTIONS = 1_000;

/** Share of the newest time in the mean, once there are 50. */
const NEWEST = 0.02;

/** A task costs its engine something besides its own time. */
const SHORTEST_US = 5;

class Estimate {
  readonly code: ContentHash;
  meanUs: number;
  /** Times seen, up to where the newest has its least share. */
  count: number;
  prev: Estimate | null = null;
  next: Estimate | null = null;

  constructor(code: ContentHash, meanUs: number, count: number) {
    this.code = code;
    this.meanUs = meanUs;
    this.count = count;
  }
}

/** A function's mean as plain data. */
export type EstimateSnapshot = readonly [code: ContentHash, meanUs: number, count: number];

/** The means of the functions that ended last. */
export class Estimates {
  readonly #byCode: Map<ContentHash, Estimate> = new Map();
  /** The one that ended longest ago first. */
  readonly #inOrder: LinkedList<Estimate> = new LinkedList();

  /** What the next task of a function is expected to take, whole µs. */
  of(code: ContentHash): number {
    const found = this.#byCode.get(code);
    return found === undefined ? UNKNOWN_US : Math.ceil(found.meanUs);
  }

  /** An attempt took so long, ms. */
  observe(code: ContentHash, runMs: number): void {
    // What a host reports is not to be trusted further than this: NaN fails both comparisons.
    const tookUs = runMs * 1_000 < UNKNOWN_US
      ? (runMs * 1_000 > SHORTEST_US ? runMs * 1_000 : SHORTEST_US)
      : UNKNOWN_US;
    const found = this.#byCode.get(code);
    if (found === undefined) return this.#add(new Estimate(code, tookUs, 1));
    const share = Math.max(NEWEST, 1 / ++found.count);
    found.meanUs += share * (tookUs - found.meanUs);
    if (this.#inOrder.last === found) return;
    this.#inOrder.remove(found);
    this.#inOrder.append(found);
  }

  /** In the order of ending. */
  snapshot(): readonly EstimateSnapshot[] {
    return [...this.#inOrder].map(({ code, meanUs, count }) => [code, meanUs, count]);
  }

  /** Takes over what another knew, in an empty one. */
  restore(snapshot: readonly EstimateSnapshot[]): void {
    for (const [code, meanUs, count] of snapshot) this.#add(new Estimate(code, meanUs, count));
  }

  #add(estimate: Estimate): void {
    this.#byCode.set(estimate.code, estimate);
    this.#inOrder.append(estimate);
    const oldest = this.#inOrder.first;
    if (this.#byCode.size <= MAX_FUNCTIONS || oldest === null) return;
    this.#inOrder.remove(oldest);
    this.#byCode.delete(oldest.code);
  }
}
