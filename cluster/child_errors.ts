/**
 * Errors that a child process reported by name, as instances of their class again.
 * @module
 */
import * as errors from "../wire/errors.ts";

const CLASSES: Readonly<Record<string, new (message: string) => Error>> = {
  AlreadyRunning: errors.AlreadyRunning,
  AuthorizationError: errors.AuthorizationError,
  ConnectionError: errors.ConnectionError,
  EngineError: errors.EngineError,
  NameTaken: errors.NameTaken,
  StoreError: errors.StoreError,
  TimeoutError: errors.TimeoutError,
  VersionMismatch: errors.VersionMismatch,
  TypeError,
  RangeError,
};

/** The error that a child failed with. */
export function restoreError(report: { readonly name: string; readonly message: string }): Error {
  const Class = CLASSES[report.name] ?? Error;
  return new Class(report.message);
}
