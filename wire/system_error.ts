/**
 * The errors that the system itself raises for a task, as instances a program can catch.
 *
 * The scheduler knows them as data (`SystemError` in `protocol/outcome.ts`); the client makes them here.
 * @module
 */
import type { SystemError, SystemErrorName } from "../protocol/outcome.ts";
import { decodeError } from "./error_codec.ts";
import {
  DependencyTimeout,
  EngineError,
  ImpossibleDependency,
  InvalidDependency,
  SerializationError,
  TaskAborted,
  TaskTimeout,
  type TroupeError,
} from "./errors.ts";

type SystemErrorClass = new (message: string, options?: ErrorOptions) => TroupeError;

/** The class of each error the system raises, by name. */
export const SYSTEM_ERROR_CLASSES: Readonly<Record<SystemErrorName, SystemErrorClass>> = {
  EngineError,
  TaskAborted,
  TaskTimeout,
  DependencyTimeout,
  ImpossibleDependency,
  InvalidDependency,
  SerializationError,
};

/** Whether a word from outside is the name of such an error. */
export function isSystemErrorName(name: unknown): name is SystemErrorName {
  return typeof name === "string" && Object.hasOwn(SYSTEM_ERROR_CLASSES, name);
}

/**
 * The instance for an error of the system. `causeBytes`: the encoded error that led to it, where it had to be fetched
 * from a blob; an inline one is taken from `error`.
 */
export function systemErrorInstance(error: SystemError, causeBytes?: Uint8Array): TroupeError {
  const Class = SYSTEM_ERROR_CLASSES[error.name];
  const bytes = causeBytes ?? (error.cause instanceof Uint8Array ? error.cause : undefined);
  return bytes === undefined ? new Class(error.message) : new Class(error.message, { cause: decodeError(bytes) });
}
