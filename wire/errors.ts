/**
 * Every error a caller may want to catch: one class each under `TroupeError`, with a stable `code`.
 *
 * The programmer's mistakes are `TypeError` and `RangeError` and not here. Names and codes cross the wire
 * (`error_codec.ts`), so neither ever changes.
 * @module
 */

/**
 * Root of all errors of Troupe. `name` is the class, `code` the same in capitals, for code that compares strings.
 *
 * @example
 * ```ts
 * import { TaskAborted, TroupeError } from "./errors.ts";
 *
 * const error = new TaskAborted("Aborted task 3.");
 * console.log(error instanceof TroupeError, error.code); // true TASK_ABORTED
 * ```
 */
export class TroupeError extends Error {
  /** The class's own name. */
  override readonly name: string = "TroupeError";
  /** Stable, in capitals: `TASK_ABORTED`. */
  readonly code: string = "TROUPE_ERROR";
}

/** What is known of an error that was thrown elsewhere. */
export interface RemoteErrorDetails {
  /** `name` of the error there. */
  readonly remoteName: string;
  /** Its stack there, `""` where it had none. */
  readonly remoteStack: string;
  /** The engine, where it was a task's error. */
  readonly engineId?: number | null;
  /** The task, where it was a task's error. */
  readonly msgId?: string | null;
  /** The error itself, rebuilt here. */
  readonly cause?: unknown;
}

/** Something threw in another process. Its message contains the remote one; `cause` is the error itself. */
export class RemoteError extends TroupeError {
  override readonly name = "RemoteError";
  override readonly code = "REMOTE_ERROR";
  /** `name` of the error there. */
  readonly remoteName: string;
  /** Its stack there. */
  readonly remoteStack: string;
  /** The engine it came from; `null` for actors. */
  readonly engineId: number | null;
  /** The task it came from; `null` for actors. */
  readonly msgId: string | null;

  constructor(message: string, details: RemoteErrorDetails) {
    super(message, { cause: details.cause });
    this.remoteName = details.remoteName;
    this.remoteStack = details.remoteStack;
    this.engineId = details.engineId ?? null;
    this.msgId = details.msgId ?? null;
  }
}

const SHOWN_ERRORS = 4;

/** Several tasks of one call failed. Its message shows four of `errors` and counts the rest. */
export class CompositeError extends AggregateError {
  override readonly name = "CompositeError";
  /** Stable. */
  readonly code = "COMPOSITE_ERROR";

  constructor(errors: readonly unknown[], total: number = errors.length) {
    super([...errors], CompositeError.#describe(errors, total));
  }

  static #describe(errors: readonly unknown[], total: number): string {
    const lines = errors.slice(0, SHOWN_ERRORS).map((error) => `  ${String(error).split("\n", 1)[0]}`);
    const rest = errors.length - lines.length;
    if (rest > 0) lines.push(`  … and ${rest} more`);
    return `${errors.length} of ${total} tasks failed:\n${lines.join("\n")}`;
  }
}

/** `instanceof TroupeError` holds for `CompositeError` too, though it inherits from `AggregateError`. */
Object.defineProperty(TroupeError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    if (this === TroupeError && value instanceof CompositeError) return true;
    return Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

/** Thrown inside a task: this engine can't run it, try another. Costs no retry. */
export class UnmetDependency extends TroupeError {
  override readonly name = "UnmetDependency";
  override readonly code = "UNMET_DEPENDENCY";
}

/** A dependency can't be met any more. The message says which, and why. */
export class ImpossibleDependency extends TroupeError {
  override readonly name: string = "ImpossibleDependency";
  override readonly code: string = "IMPOSSIBLE_DEPENDENCY";
}

/** A dependency names an unknown or forgotten task. */
export class InvalidDependency extends ImpossibleDependency {
  override readonly name = "InvalidDependency";
  override readonly code = "INVALID_DEPENDENCY";
}

/** `timeout` passed before the task was assigned. */
export class DependencyTimeout extends TroupeError {
  override readonly name = "DependencyTimeout";
  override readonly code = "DEPENDENCY_TIMEOUT";
}

/** The task was aborted. */
export class TaskAborted extends TroupeError {
  override readonly name = "TaskAborted";
  override readonly code = "TASK_ABORTED";
}

/** `maxRuntime` passed while the task ran. */
export class TaskTimeout extends TroupeError {
  override readonly name = "TaskTimeout";
  override readonly code = "TASK_TIMEOUT";
}

/** The engine's process ended while it ran the task. */
export class EngineError extends TroupeError {
  override readonly name = "EngineError";
  override readonly code = "ENGINE_ERROR";
}

/** A direct view has no engine to go to. */
export class NoEnginesRegistered extends TroupeError {
  override readonly name = "NoEnginesRegistered";
  override readonly code = "NO_ENGINES_REGISTERED";
}

/** A value can't travel. The message names the path to it. */
export class SerializationError extends TroupeError {
  override readonly name = "SerializationError";
  override readonly code = "SERIALIZATION_ERROR";
}

/** No connection, or the connection was lost. */
export class ConnectionError extends TroupeError {
  override readonly name: string = "ConnectionError";
  override readonly code: string = "CONNECTION_ERROR";
}

/** A request found nobody listening on its subject. */
export class NoRespondersError extends ConnectionError {
  override readonly name = "NoRespondersError";
  override readonly code = "NO_RESPONDERS";
}

/** Wrong credentials, or none, or not allowed to use a subject. */
export class AuthorizationError extends TroupeError {
  override readonly name = "AuthorizationError";
  override readonly code = "AUTHORIZATION_ERROR";
}

/** Two processes speak different protocol numbers. */
export class VersionMismatch extends TroupeError {
  override readonly name = "VersionMismatch";
  override readonly code = "VERSION_MISMATCH";
}

/** A cluster of this name runs already. */
export class AlreadyRunning extends TroupeError {
  override readonly name = "AlreadyRunning";
  override readonly code = "ALREADY_RUNNING";
}

/** No cluster of this name runs. */
export class NotRunning extends TroupeError {
  override readonly name = "NotRunning";
  override readonly code = "NOT_RUNNING";
}

/** No task of this id is known. */
export class UnknownTask extends TroupeError {
  override readonly name = "UnknownTask";
  override readonly code = "UNKNOWN_TASK";
}

/** The task has not finished yet. */
export class TaskPending extends TroupeError {
  override readonly name = "TaskPending";
  override readonly code = "TASK_PENDING";
}

/** The receiver's mailbox and the credit to it are full; wait for `ref.drained()`. */
export class MailboxFull extends TroupeError {
  override readonly name = "MailboxFull";
  override readonly code = "MAILBOX_FULL";
}

/** Another actor holds this unique name. */
export class NameTaken extends TroupeError {
  override readonly name = "NameTaken";
  override readonly code = "NAME_TAKEN";
}

/** Waiting took longer than asked for. What was waited for goes on. */
export class TimeoutError extends TroupeError {
  override readonly name = "TimeoutError";
  override readonly code = "TIMEOUT";
}
