/**
 * What every question to a cluster takes: a signal whose abort ends the wait for the answer.
 *
 * Checked when the question is asked, as all that users give. Called by whatever in this folder asks.
 * @module
 */
import { checkOptionNames, refuse } from "./flag_checks.ts";

/** What questions and orders take. */
export interface AskOptions {
  /** Its abort ends the waiting, with its reason; aborted before, nothing is asked. */
  readonly signal?: AbortSignal | undefined;
}

/** The signal of a question that takes nothing else. Throws `TypeError`. */
export function checkAskOptions(options: AskOptions): AbortSignal | undefined {
  checkOptionNames("ask", options, ["signal"]);
  return checkSignal(options.signal);
}

/** A signal, or none. Throws `TypeError`. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw refuse(TypeError, "signal", signal, "an AbortSignal");
}
