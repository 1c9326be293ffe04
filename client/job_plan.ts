/**
 * What is fixed of a job when it begins, and what is known of each of its tasks.
 *
 * Types, and the plans that are made alike. Made by all that begins jobs, kept by `Job`.
 * @module
 */
import type { EngineId, EngineUuid, Session, TaskId } from "../protocol/ids.ts";
import type { TaskStatus } from "../protocol/outcome.ts";
import type { Clock } from "../wire/clock.ts";
import { CallOrigin } from "./call_origin.ts";
import type { Shape } from "./partition.ts";

/** What is known of one task. Times in epoch ms. */
export interface TaskReport {
  readonly status: TaskStatus;
  readonly engineId: EngineId | null;
  readonly engineUuid: EngineUuid | null;
  readonly attempts: number;
  readonly started: number | null;
  readonly completed: number | null;
  readonly received: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of a task that no engine has begun. */
export const NOT_BEGUN: TaskReport = {
  status: "ready",
  engineId: null,
  engineUuid: null,
  attempts: 0,
  started: null,
  completed: null,
  received: null,
  stdout: "",
  stderr: "",
};

/** What metadata show of how a task was submitted. */
export interface ShownFlags {
  readonly label: string | null;
  /** Tasks it waits for. */
  readonly after: readonly TaskId[];
  /** Tasks it waits for and goes to. */
  readonly follow: readonly TaskId[];
  /** Epoch ms, where that is not when its job began. */
  readonly submitted?: number;
}

/** Fixed when a job begins. */
export interface JobPlan {
  readonly session: Session;
  /** The task that submitted it, where several share a session: one object for each; absent, `null`: the program. */
  readonly owner?: object | null;
  /** Counter of its first task; the others follow. */
  readonly base: number;
  readonly items: number;
  /** Items of one task; at most, where there are `parts`. */
  readonly chunksize: number;
  /** So many tasks share the items evenly; absent: as many as `chunksize` makes. */
  readonly parts?: number;
  /** Makes the result of the values of all items; absent: they are the result. */
  readonly shape?: Shape | null;
  /** The ids of its tasks, where these are not its session's, or not consecutive. */
  readonly ids?: readonly TaskId[];
  /** What its results look like is not known before they are there: a task may have been one of several items. */
  readonly opaque?: true;
  /** One result instead of an array. */
  readonly scalar: boolean;
  /** Wrong as a whole and never submitted: its one error is the outcome, also of a map. */
  readonly refused: boolean;
  readonly returnExceptions: boolean;
  readonly failFast: boolean;
  /** Of all its tasks, but for those with flags of their own. */
  readonly flags: ShownFlags;
  /** Monotonic ms, for ages. */
  readonly submittedAt: number;
  /** Epoch ms. */
  readonly submitted: number;
  /** Where the user called. */
  readonly origin: CallOrigin | null;
}

/** Nothing was asked for, or nothing is known of it. */
const NO_FLAGS_SHOWN: ShownFlags = { label: null, after: [], follow: [] };

/** Who begins jobs. */
export interface JobMaker {
  readonly id: Session;
  readonly clock: Clock;
}

/** When and by whom a job is begun: now. */
export function begunBy({ id, clock }: JobMaker): Pick<JobPlan, "session" | "submittedAt" | "submitted"> {
  return { session: id, submittedAt: clock.now(), submitted: clock.wallTime() };
}

/** For tasks that somebody names, a result each: what they are is not known yet. Called where the user called. */
export function namedPlan(maker: JobMaker, parts: Pick<JobPlan, "base" | "items" | "scalar" | "ids">): JobPlan {
  return {
    ...begunBy(maker),
    ...parts,
    chunksize: 1,
    opaque: true,
    refused: false,
    returnExceptions: false,
    failFast: false,
    flags: NO_FLAGS_SHOWN,
    origin: new CallOrigin(),
  };
}
