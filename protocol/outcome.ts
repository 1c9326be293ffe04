/**
 * How attempts and tasks end, and the words for what a task is doing.
 *
 * Types only. A host reports how an attempt ended; the scheduler decides what that makes of the task.
 * @module
 */
import type { TaskId } from "./ids.ts";
import type { Payload } from "./task_spec.ts";

/** The word a user sees in `metadata.status`. */
export type TaskStatus = "waiting" | "ready" | "running" | "done" | "failed" | "aborted";

/** Names of errors that the system itself raises for a task. */
export type SystemErrorName =
  | "EngineError"
  | "TaskAborted"
  | "TaskTimeout"
  | "DependencyTimeout"
  | "ImpossibleDependency"
  | "InvalidDependency"
  | "SerializationError";

/** Why a task failed whose dependency failed, and so on back to the first: a few links, and how many there are. */
export interface FailureChain {
  /** The task that it waited for, the one that this waited for, … */
  readonly nearest: readonly TaskId[];
  /** Links in all. */
  readonly length: number;
  /** The first that failed, and how, in words; `message` where the system itself failed it, else `""`. */
  readonly root: { readonly id: TaskId; readonly text: string; readonly message: string };
}

/** An error the system raises: built by whoever decides, made into an instance at the client. */
export interface SystemError {
  readonly name: SystemErrorName;
  readonly message: string;
  /** The encoded error that led to it, where there is one. */
  readonly cause?: Payload;
  /** For the scheduler alone: it does not travel, the message tells it. */
  readonly chain?: FailureChain;
}

/** How one attempt ended, as its host saw it. */
export type AttemptOutcome =
  | { readonly kind: "done"; readonly value: Payload }
  /** The function threw: the encoded error. */
  | { readonly kind: "threw"; readonly error: Payload }
  /** The function declined this engine (`UnmetDependency`): the encoded error. */
  | { readonly kind: "declined"; readonly error: Payload }
  /** The engine's process ended while it ran. `message` says how. */
  | { readonly kind: "engine-died"; readonly message: string }
  /** `maxRuntime` passed and the process was killed. */
  | { readonly kind: "timed-out"; readonly message: string }
  /** The host could not give it its arguments, or not keep its result. `message` says why. The engine is well. */
  | { readonly kind: "host-failed"; readonly message: string }
  /** It ended because an abort was asked for. */
  | { readonly kind: "aborted" }
  /** It never started, and comes back for nothing (drain, call-back, or its engine died before its turn). */
  | { readonly kind: "returned" };

/** What became of a task, as its client sees it. */
export type TaskOutcome =
  | { readonly kind: "done"; readonly value: Payload }
  | { readonly kind: "threw"; readonly error: Payload }
  | { readonly kind: "failed"; readonly error: SystemError };

/** Where a task prints a text to. */
export type OutputChannel = "stdout" | "stderr";

/** What is known of an attempt besides its outcome. Durations in ms. */
export interface AttemptReport {
  /** From start to end on the engine. */
  readonly runMs: number;
  /** From the end on the engine until this report left the sender. */
  readonly ageMs: number;
  /** What the task printed, `""` where it printed nothing. */
  readonly stdout: string;
  readonly stderr: string;
  /** The encoded value that it published last; absent where it published none. */
  readonly data?: Uint8Array;
}
