/**
 * The client's half of what is said about a name that an engine does not know: whether this program knows it.
 *
 * Called by `settlement.ts` for errors that came from an engine.
 * @module
 */
import type { RemoteError } from "../wire/errors.ts";

/** As the engine words it. */
const MISSING = /"([^"\s]+)" is not defined on engine \d+: /;

/** Says so in the message where the name is a global of this program, which does not travel. */
export function explainMissingName(error: RemoteError): RemoteError {
  if (error.remoteName !== "ReferenceError") return error;
  const name = MISSING.exec(error.message)?.[1];
  if (name === undefined || !(name in globalThis)) return error;
  const before = error.message;
  error.message =
    `${before}. "${name}" exists where it was submitted, but as a global of that program, which does not ` +
    `travel: const mine = globalThis.${name}, and use mine in the function`;
  if (typeof error.stack === "string") error.stack = error.stack.replace(before, () => error.message);
  return error;
}
