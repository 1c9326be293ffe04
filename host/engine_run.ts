/**
 * One attempt that a host has in hand, from its arrival until its end is reported.
 *
 * Data, and the links by which a queue threads its runs. Made by the host's actor, moved by `engine_seat.ts` and
 * `engine_feed.ts`.
 * @module
 */
import type { DispatchNumber, EngineId, Epoch, Session, TaskId } from "../protocol/ids.ts";
import type { Payload, TaskTemplate } from "../protocol/task_spec.ts";
import type { RunQueue } from "./run_queue.ts";

/** Who asked, and gets the result. */
export type RunOrigin =
  | { readonly kind: "scheduled"; readonly epoch: Epoch; readonly number: DispatchNumber }
  | { readonly kind: "direct"; readonly session: Session; readonly counter: number; readonly client: string }
  /** Taken from the queue group of the scheme `pure`: for this very process of the engine, and for no other. */
  | { readonly kind: "pure"; readonly session: Session; readonly counter: number; readonly client: string };

/** `sent`: in the pipe, behind those that run. */
export type RunState = "queued" | "sent" | "running" | "ended";

const NO_INPUTS: readonly Payload[] = [];

export class EngineRun {
  readonly origin: RunOrigin;
  readonly engine: EngineId;
  readonly task: TaskId;
  /** Counts from 1. */
  readonly attempt: number;
  readonly template: TaskTemplate;
  readonly args: Payload;
  /** The results of other tasks that stand in them. */
  readonly inputs: readonly Payload[];
  state: RunState = "queued";
  /** It runs, waits for tasks of its own, and lends its slot. */
  lent = false;
  /** For `RunQueue` alone. */
  queue: RunQueue | null = null;
  previous: EngineRun | null = null;
  next: EngineRun | null = null;

  constructor(
    origin: RunOrigin,
    engine: EngineId,
    task: TaskId,
    attempt: number,
    template: TaskTemplate,
    args: Payload,
    inputs: readonly Payload[] = NO_INPUTS,
  ) {
    this.origin = origin;
    this.engine = engine;
    this.task = task;
    this.attempt = attempt;
    this.template = template;
    this.args = args;
    this.inputs = inputs;
  }
}
