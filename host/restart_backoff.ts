/**
 * Whether and when an engine that died starts again. Pure: the history goes in, the decision comes out.
 *
 * An engine that dies while it works backs off alone and is never given up; only one that can't even get ready is.
 * Ends that we ordered never come here. Called by `engine_seat.ts`.
 * @module
 */

/** What is remembered of an engine's deaths. */
export interface RestartHistory {
  /** In a row, each after a short life. */
  readonly deaths: number;
  /** In a row, without having been ready. */
  readonly failedStarts: number;
}

/** One death. */
export interface EngineDeath {
  readonly wasReady: boolean;
  /** We ended it, since the time of its task was up: no crash, whatever the task. */
  readonly timeWasUp?: boolean;
  /** It would fail in the same way each time: another version, say. */
  readonly hopeless: boolean;
  readonly lifeMs: number;
}

export interface RestartDecision {
  readonly history: RestartHistory;
  /** ms to wait; `null`: give up. */
  readonly delayMs: number | null;
}

export const NO_DEATHS: RestartHistory = { deaths: 0, failedStarts: 0 };

/** So many starts fail in a row before an engine is given up. */
export const MAX_FAILED_STARTS = 5;

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** A life of this length is a good one: what was before it is forgotten. */
const GOOD_LIFE_MS = 10_000;

/** Decides about the next start. */
export function decideRestart(history: RestartHistory, death: EngineDeath): RestartDecision {
  if (death.timeWasUp === true) return { history, delayMs: 0 };
  return death.wasReady ? afterLife(history, death.lifeMs) : afterFailedStart(history, death.hopeless);
}

function afterLife(history: RestartHistory, lifeMs: number): RestartDecision {
  const before = lifeMs >= GOOD_LIFE_MS ? 0 : history.deaths;
  // The first restart after a good life is at once.
  return { history: { deaths: before + 1, failedStarts: 0 }, delayMs: before === 0 ? 0 : growing(before) };
}

function afterFailedStart(history: RestartHistory, hopeless: boolean): RestartDecision {
  const failedStarts = history.failedStarts + 1;
  const giveUp = hopeless || failedStarts >= MAX_FAILED_STARTS;
  return { history: { ...history, failedStarts }, delayMs: giveUp ? null : growing(failedStarts) };
}

function growing(count: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (count - 1), MAX_DELAY_MS);
}
