/**
 * Every class of error that keeps its class across the wire, by name.
 *
 * The built-in ones and our own. An error of another name arrives as an `Error` with that name. Called by
 * `error_value.ts`.
 * @module
 */
import * as errors from "./errors.ts";

/** What a class's constructor may need besides the message. */
export interface ErrorDetails {
  /** Of an `AggregateError` or `CompositeError`. */
  readonly errors: readonly unknown[];
  /** The error's other own properties. */
  readonly fields: Readonly<Record<string, unknown>>;
}

type BuildError = (message: string, details: ErrorDetails) => Error;
type PlainErrorClass = new (message: string) => Error;

const PLAIN_CLASSES: Readonly<Record<string, PlainErrorClass>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  TroupeError: errors.TroupeError,
  UnmetDependency: errors.UnmetDependency,
  ImpossibleDependency: errors.ImpossibleDependency,
  InvalidDependency: errors.InvalidDependency,
  DependencyTimeout: errors.DependencyTimeout,
  TaskAborted: errors.TaskAborted,
  TaskTimeout: errors.TaskTimeout,
  EngineError: errors.EngineError,
  NoEnginesRegistered: errors.NoEnginesRegistered,
  SerializationError: errors.SerializationError,
  ConnectionError: errors.ConnectionError,
  NoRespondersError: errors.NoRespondersError,
  AuthorizationError: errors.AuthorizationError,
  VersionMismatch: errors.VersionMismatch,
  AlreadyRunning: errors.AlreadyRunning,
  NotRunning: errors.NotRunning,
  UnknownTask: errors.UnknownTask,
  TaskPending: errors.TaskPending,
  MailboxFull: errors.MailboxFull,
  NameTaken: errors.NameTaken,
  StoreError: errors.StoreError,
  TimeoutError: errors.TimeoutError,
};

/** How to make an error of a class, by the class's name. A `Map`, since names come from outside. */
export const ERROR_BUILDERS: ReadonlyMap<string, BuildError> = new Map<string, BuildError>([
  ...Object.entries(PLAIN_CLASSES).map(([name, Class]): [string, BuildError] => [name, (text) => new Class(text)]),
  ["AggregateError", (message, { errors }) => new AggregateError(errors, message)],
  ["CompositeError", (_message, { errors: parts }) => new errors.CompositeError(parts)],
  ["RemoteError", (message, { fields }) => new errors.RemoteError(message, remoteDetails(fields))],
]);

function remoteDetails(fields: Readonly<Record<string, unknown>>): errors.RemoteErrorDetails {
  const { remoteName, remoteStack, engineId, msgId } = fields;
  return {
    remoteName: typeof remoteName === "string" ? remoteName : "Error",
    remoteStack: typeof remoteStack === "string" ? remoteStack : "",
    engineId: typeof engineId === "number" ? engineId : null,
    msgId: typeof msgId === "string" ? msgId : null,
  };
}
