/**
 * What happened, as the scheduler writes it down: the only way from the scheduler to the hub, and to a journal.
 *
 * Types only. Facts are in the past tense and complete in themselves: folding them runs no decision code. `at` is epoch
 * ms of the controller's monotonic clock.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, Epoch, HostId, Session, TaskId } from "./ids.ts";
import type { AttemptReport, TaskOutcome } from "./outcome.ts";
import type { Payload, TaskSpec } from "./task_spec.ts";

export type Fact =
  | { readonly kind: "epoch-began"; readonly at: number; readonly epoch: Epoch }
  | {
    readonly kind: "host-joined";
    readonly at: number;
    readonly host: HostId;
    readonly hostname: string;
    readonly pid: number;
    readonly packageVersion: string;
  }
  | { readonly kind: "host-lost"; readonly at: number; readonly host: HostId; readonly reason: string }
  | { readonly kind: "engine-expected"; readonly at: number; readonly engine: EngineId; readonly host: HostId }
  | {
    readonly kind: "engine-joined";
    readonly at: number;
    readonly engine: EngineId;
    readonly uuid: EngineUuid;
    readonly host: HostId;
    readonly pid: number;
    readonly slots: number;
  }
  | { readonly kind: "engine-draining"; readonly at: number; readonly engine: EngineId }
  | {
    readonly kind: "engine-left";
    readonly at: number;
    readonly engine: EngineId;
    readonly reason: string;
    readonly requested: boolean;
    readonly returns: boolean;
  }
  | {
    readonly kind: "engine-failed";
    readonly at: number;
    readonly engine: EngineId;
    readonly host: HostId;
    readonly reason: string;
    readonly givenUp: boolean;
  }
  | { readonly kind: "client-attached"; readonly at: number; readonly session: Session }
  | { readonly kind: "client-left"; readonly at: number; readonly session: Session }
  | {
    readonly kind: "task-accepted";
    readonly at: number;
    readonly spec: TaskSpec;
    /** When `apply` was called, on the controller's clock. */
    readonly submittedAt: number;
  }
  /** So many of the tasks on an engine wait for tasks of their own: as many more than it has slots may run. */
  | { readonly kind: "slots-lent"; readonly at: number; readonly engine: EngineId; readonly lent: number }
  | {
    readonly kind: "task-assigned";
    readonly at: number;
    readonly task: TaskId;
    readonly engine: EngineId;
    readonly uuid: EngineUuid;
    readonly number: DispatchNumber;
    readonly attempt: number;
  }
  | {
    readonly kind: "attempt-failed";
    readonly at: number;
    readonly task: TaskId;
    readonly engine: EngineId;
    readonly reason: string;
    /** What it threw, encoded; `null`: it did not end by itself. */
    readonly error: Payload | null;
  }
  /** Its function declined the engine: it goes to another one. */
  | { readonly kind: "task-declined"; readonly at: number; readonly task: TaskId; readonly engine: EngineId }
  /** From now on it waits: for tasks that it names, or (after an attempt that failed) for a pause to end. */
  | { readonly kind: "task-held"; readonly at: number; readonly task: TaskId }
  /** It waits for nothing but an engine any more. */
  | { readonly kind: "task-unblocked"; readonly at: number; readonly task: TaskId }
  | { readonly kind: "task-returned"; readonly at: number; readonly task: TaskId; readonly engine: EngineId }
  | {
    readonly kind: "task-settled";
    readonly at: number;
    readonly task: TaskId;
    readonly outcome: TaskOutcome;
    readonly engine: EngineId | null;
    readonly uuid: EngineUuid | null;
    readonly attempts: number;
    readonly report: AttemptReport | null;
  }
  | { readonly kind: "task-forgotten"; readonly at: number; readonly task: TaskId }
  /** The scheme that was given threw, or returned nonsense. `offence` counts from 1. */
  | {
    readonly kind: "scheme-failed";
    readonly at: number;
    readonly offence: number;
    readonly reason: string;
    /** It is not asked any more: `leastload` picks from now on. */
    readonly replaced: boolean;
  };
