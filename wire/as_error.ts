/**
 * What was thrown, as an error: anything may be thrown.
 *
 * Used where a caught value is kept or handed on as an `Error`.
 * @module
 */

/** The value itself where it is an error; else one with its text. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
