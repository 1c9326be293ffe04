/**
 * Every error a caller may want to catch: one class each under `TroupeError`, with a stable `code`.
 *
 * The programmer's mistakes are `TypeError` and `RangeError` and not here. Names and codes cross the wire
 * (`error_codec.ts`), so neither ever changes.
 * @module
 */

import { describeErrors, inspectErrors } from "./error_groups.ts";

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
  /** Always `"RemoteError"`, also across processes. */
  override readonly name = "RemoteError";
  /** Always `"REMOTE_ERROR"`. */
  override readonly code = "REMOTE_ERROR";
  /** `name` of the error there. */
  readonly remoteName: string;
  /** Its stack there. */
  readonly remoteStack: string;
  /** The engine it came from; `null` for actors. */
  readonly engineId: number | null;
  /** The task it came from; `null` for actors. */
  readonly msgId: string | null;

  /** `message` should contain the remote one. */
  constructor(message: string, details: RemoteErrorDetails) {
    super(message, { cause: details.cause });
    this.remoteName = details.remoteName;
    this.remoteStack = details.remoteStack;
    this.engineId = details.engineId ?? null;
    this.msgId = details.msgId ?? null;
  }
}

/**
 * Several tasks of one call failed: `errors` in the order of the items. Its message puts equal ones together, with engines
 * and tasks, shows four of these groups and counts the rest.
 *
 * @example
 * ```ts
 * import { CompositeError } from "./errors.ts";
 *
 * const error = new CompositeError([new TypeError("x is not a function"), new TypeError("x is not a function")], 100);
 * console.log(error.message); // 2 of 100 tasks failed: TypeError: x is not a function
 * ```
 */
export class CompositeError extends AggregateError {
  /** Always `"CompositeError"`, also across processes. */
  override readonly name = "CompositeError";
  /** Stable. */
  readonly code = "COMPOSITE_ERROR";

  /** `total`: how many tasks there were, failed or not. */
  constructor(errors: readonly unknown[], total: number = errors.length) {
    super([...errors], describeErrors(errors, total, RemoteError));
  }

  /** For `console.log`: the message, where the call was, and the stack of the first error of each group shown. */
  [Symbol.for("Deno.customInspect")](): string {
    return inspectErrors(this, this.errors, RemoteError);
  }

  /** The same for Node's `inspect`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return inspectErrors(this, this.errors, RemoteError);
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
  static {
    // So that a shipped function that throws it throws the engine's own.
    Object.defineProperty(this, Symbol.for("troupe.own"), { value: "UnmetDependency" });
  }
  /** Always `"UnmetDependency"`, also across processes. */
  override readonly name = "UnmetDependency";
  /** Always `"UNMET_DEPENDENCY"`. */
  override readonly code = "UNMET_DEPENDENCY";
}

/** A dependency can't be met any more. The message says which, and why. */
export class ImpossibleDependency extends TroupeError {
  /** The name of the class, also across processes. */
  override readonly name: string = "ImpossibleDependency";
  /** Stable, in capitals. */
  override readonly code: string = "IMPOSSIBLE_DEPENDENCY";
}

/** A dependency names an unknown or forgotten task. */
export class InvalidDependency extends ImpossibleDependency {
  /** Always `"InvalidDependency"`, also across processes. */
  override readonly name = "InvalidDependency";
  /** Always `"INVALID_DEPENDENCY"`. */
  override readonly code = "INVALID_DEPENDENCY";
}

/** `timeout` passed before the task was assigned. */
export class DependencyTimeout extends TroupeError {
  /** Always `"DependencyTimeout"`, also across processes. */
  override readonly name = "DependencyTimeout";
  /** Always `"DEPENDENCY_TIMEOUT"`. */
  override readonly code = "DEPENDENCY_TIMEOUT";
}

/** The task was aborted. */
export class TaskAborted extends TroupeError {
  /** Always `"TaskAborted"`, also across processes. */
  override readonly name = "TaskAborted";
  /** Always `"TASK_ABORTED"`. */
  override readonly code = "TASK_ABORTED";
}

/** `maxRuntime` passed while the task ran. */
export class TaskTimeout extends TroupeError {
  /** Always `"TaskTimeout"`, also across processes. */
  override readonly name = "TaskTimeout";
  /** Always `"TASK_TIMEOUT"`. */
  override readonly code = "TASK_TIMEOUT";
}

/** The engine's process ended while it ran the task. */
export class EngineError extends TroupeError {
  /** Always `"EngineError"`, also across processes. */
  override readonly name = "EngineError";
  /** Always `"ENGINE_ERROR"`. */
  override readonly code = "ENGINE_ERROR";
}

/** A direct view has no engine to go to. */
export class NoEnginesRegistered extends TroupeError {
  /** Always `"NoEnginesRegistered"`, also across processes. */
  override readonly name = "NoEnginesRegistered";
  /** Always `"NO_ENGINES_REGISTERED"`. */
  override readonly code = "NO_ENGINES_REGISTERED";
}

/** A value can't travel. The message names the path to it. */
export class SerializationError extends TroupeError {
  /** Always `"SerializationError"`, also across processes. */
  override readonly name = "SerializationError";
  /** Always `"SERIALIZATION_ERROR"`. */
  override readonly code = "SERIALIZATION_ERROR";
}

/** No connection, or the connection was lost. */
export class ConnectionError extends TroupeError {
  /** The name of the class, also across processes. */
  override readonly name: string = "ConnectionError";
  /** Stable, in capitals. */
  override readonly code: string = "CONNECTION_ERROR";
}

/** A request found nobody listening on its subject. */
export class NoRespondersError extends ConnectionError {
  /** Always `"NoRespondersError"`, also across processes. */
  override readonly name = "NoRespondersError";
  /** Always `"NO_RESPONDERS"`. */
  override readonly code = "NO_RESPONDERS";
}

/** Wrong credentials, or none, or not allowed to use a subject. */
export class AuthorizationError extends TroupeError {
  /** Always `"AuthorizationError"`, also across processes. */
  override readonly name = "AuthorizationError";
  /** Always `"AUTHORIZATION_ERROR"`. */
  override readonly code = "AUTHORIZATION_ERROR";
}

/** Two processes speak different protocol numbers. */
export class VersionMismatch extends TroupeError {
  /** Always `"VersionMismatch"`, also across processes. */
  override readonly name = "VersionMismatch";
  /** Always `"VERSION_MISMATCH"`. */
  override readonly code = "VERSION_MISMATCH";
}

/** A cluster of this name runs already. */
export class AlreadyRunning extends TroupeError {
  /** Always `"AlreadyRunning"`, also across processes. */
  override readonly name = "AlreadyRunning";
  /** Always `"ALREADY_RUNNING"`. */
  override readonly code = "ALREADY_RUNNING";
}

/** No cluster of this name runs. */
export class NotRunning extends TroupeError {
  /** Always `"NotRunning"`, also across processes. */
  override readonly name = "NotRunning";
  /** Always `"NOT_RUNNING"`. */
  override readonly code = "NOT_RUNNING";
}

/** No task of this id is known. */
export class UnknownTask extends TroupeError {
  /** Always `"UnknownTask"`, also across processes. */
  override readonly name = "UnknownTask";
  /** Always `"UNKNOWN_TASK"`. */
  override readonly code = "UNKNOWN_TASK";
}

/** The task has not finished yet. */
export class TaskPending extends TroupeError {
  /** Always `"TaskPending"`, also across processes. */
  override readonly name = "TaskPending";
  /** Always `"TASK_PENDING"`. */
  override readonly code = "TASK_PENDING";
}

/** The receiver's mailbox and the credit to it are full; wait for `ref.drained()`. */
export class MailboxFull extends TroupeError {
  /** Always `"MailboxFull"`, also across processes. */
  override readonly name = "MailboxFull";
  /** Always `"MAILBOX_FULL"`. */
  override readonly code = "MAILBOX_FULL";
}

/** Another actor holds this unique name. */
export class NameTaken extends TroupeError {
  /** Always `"NameTaken"`, also across processes. */
  override readonly name = "NameTaken";
  /** Always `"NAME_TAKEN"`. */
  override readonly code = "NAME_TAKEN";
}

/** Waiting took longer than asked for. What was waited for goes on. */
export class TimeoutError extends TroupeError {
  /** Always `"TimeoutError"`, also across processes. */
  override readonly name = "TimeoutError";
  /** Always `"TIMEOUT"`. */
  override readonly code = "TIMEOUT";
}

/** A store can't be opened, or can't be written any more; the message says which one, why, and what to do. */
export class StoreError extends TroupeError {
  /** Always `"StoreError"`, also across processes. */
  override readonly name = "StoreError";
  /** Always `"STORE"`. */
  override readonly code = "STORE";
}
