/**
 * Where `semantics.md` leaves a choice: the reading that the reference takes.
 *
 * One place to turn when the page is made more exact.
 * @module
 */

/** What is taken to be meant. */
export const READINGS = {
  /** A task that waits for others fails as soon as it is certain that it can't run, not only once these are settled. */
  waitingIsDoomedAtOnce: true,
  /** The same for one that pauses before its retry. */
  pausedIsDoomedAtOnce: false,
  /** An engine that drains is not gone yet: what follows it is impossible once it ended. */
  drainingIsGone: false,
  /** All that one request aborts are aborted, also those that would fail since another of them did. */
  abortsComeBeforeCascades: true,
  /** The rest of its batch is waited for when a client has left, for as long as it may come back with it. */
  leavingEndsBatch: false,
} as const;
