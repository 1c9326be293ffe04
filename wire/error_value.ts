/**
 * Errors as fields, and errors made of fields again, with their class where it is known.
 *
 * A field list only grows at the end. `value_walk.ts` encodes what the fields hold, `value_revive.ts` calls back here.
 * @module
 */
import { ERROR_BUILDERS } from "./error_classes.ts";
import { SerializationError, TroupeError } from "./errors.ts";

/** Own properties that have a place of their own among the fields. */
const NAMED: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** What travels of an error, still to be encoded. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Other own enumerable properties, such as `code`. `null`: none. */
  readonly extras: Readonly<Record<string, unknown>> | null;
  /** Of an `AggregateError`. */
  readonly errors: readonly unknown[] | null;
  readonly hasCause: boolean;
  readonly cause: unknown;
  /** A `DOMException`, whose name says nothing about its class. */
  readonly isDomException: boolean;
}

/** Takes an error apart. May throw what the error's own getters throw. */
export function errorFields(error: Error): ErrorFields {
  const { stack } = error;
  const errors = error instanceof AggregateError && Array.isArray(error.errors) ? error.errors : null;
  return {
    name: String(error.name),
    message: String(error.message),
    stack: typeof stack === "string" ? stack : null,
    extras: extrasOf(error, errors !== null),
    errors,
    hasCause: Object.hasOwn(error, "cause"),
    cause: error.cause,
    isDomException: error instanceof DOMException,
  };
}

function extrasOf(error: Error, isAggregate: boolean): Record<string, unknown> | null {
  let extras: Record<string, unknown> | null = null;
  for (const key of Object.keys(error)) {
    if (NAMED.has(key) || (isAggregate && key === "errors")) continue;
    extras ??= {};
    define(extras, key, (error as unknown as Record<string, unknown>)[key], true);
  }
  return extras;
}

/**
 * Makes an error of decoded fields: of its class where `error_classes.ts` knows the name, else an `Error` so named.
 * Throws `SerializationError` where the fields are not those of an error.
 */
export function rebuildError(fields: readonly unknown[]): Error {
  const [name, message, stack, extras, errors, hasCause, cause, isDomException] = fields;
  if (typeof name !== "string" || typeof message !== "string") throw notAnError();
  if (stack !== null && typeof stack !== "string") throw notAnError();
  if (extras !== null && !isRecord(extras)) throw notAnError();
  if (errors !== null && !Array.isArray(errors)) throw notAnError();
  const error = isDomException === true
    ? new DOMException(message, name)
    : construct(name, message, { errors, fields: extras ?? {} });
  if (error.message !== message) define(error, "message", message, false);
  if (error.name !== name) define(error, "name", name, false);
  define(error, "stack", stack ?? `${name}: ${message}`, false);
  if (hasCause === true) define(error, "cause", cause, false);
  if (extras !== null) restoreExtras(error, extras);
  return error;
}

function construct(
  name: string,
  message: string,
  details: { errors: readonly unknown[] | null; fields: Record<string, unknown> },
): Error {
  const errors = details.errors ?? [];
  const error = ERROR_BUILDERS.get(name)?.(message, { errors, fields: details.fields });
  // Others have a `TimeoutError` too; ours are known by their code as well.
  if (error !== undefined && (!(error instanceof TroupeError) || error.code === details.fields.code)) return error;
  return details.errors === null ? new Error(message) : new AggregateError(errors, message);
}

/** A property that would hide a method of errors is left out: whoever prints this error must not fail. */
function restoreExtras(error: Error, extras: Record<string, unknown>): void {
  for (const key of Object.keys(extras)) {
    if (!(key in Error.prototype)) define(error, key, extras[key], true);
  }
}

/** As an assignment would, but for keys such as `__proto__` too, and for `readonly` fields. */
function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notAnError(): SerializationError {
  return new SerializationError("Cannot decode the value: an error in it lacks its name or message.");
}
