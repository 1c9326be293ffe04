/**
 * The face of the pure core: what its shell sees of it, and what it can be told at the start.
 *
 * Types and defaults only; `scheduler.ts` makes one. One way in and one way out: `step`. The rest only looks.
 * @module
 */
import type { Explanation, StatusWord, StoryLine } from "../../protocol/explanation.ts";
import type { EngineId, Epoch, HostId, TaskId } from "../../protocol/ids.ts";
import type { SchedulerQueues } from "../../protocol/queue_status.ts";
import type { Effect } from "./effects.ts";
import type { ReadyEngine, SchedulerEvent } from "./events.ts";
import type { Snapshot } from "./snapshot.ts";

export type { Cause, Explanation, StoryLine } from "../../protocol/explanation.ts";

/** How a scheme for placing tasks is called. `custom`: a function that is given when the scheduler is made. */
export type SchemeName = "leastload" | "lru" | "plainrandom" | "twobin" | "weighted" | "custom";

/**
 * A scheme of somebody's own: which of the engines that may take a task does. `loads` are the numbers of tasks that they
 * have, the least recently used engine first; `random` is uniform in [0, 1). Returns an index into `loads`. Must return
 * in bounded time; what it throws, and an index that is none, counts as an offence.
 */
export type CustomScheme = (loads: readonly number[], random: () => number) => number;

/** How many finished tasks are kept: oldest out first, those that no client was sent last. */
export interface RetentionPolicy {
  readonly maxRecords: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** Everything that can be set. Plain data: it is part of a snapshot. */
export interface SchedulerOptions {
  readonly epoch: Epoch;
  readonly scheme: SchemeName;
  /**
   * Tasks assigned to an engine and not finished, at most, for each of its slots; 0: unlimited; `auto`: besides what it
   * runs, as much as it is expected to finish in `AHEAD_MS`.
   */
  readonly hwm: number | "auto";
  /** Start of the chance that schemes and jitter use. */
  readonly seed: number;
  /** A new life dispatches nothing and names no engine for so long, unless all `knownHosts` came back. 0: no grace. */
  readonly graceMs: number;
  readonly knownHosts: readonly HostId[];
  /** No engine id below this one is given: what an earlier life is known to have given. */
  readonly firstEngineId: number;
  readonly retention: RetentionPolicy;
  /** How long an attempt of an earlier life waits for the client that knows its task. */
  readonly adoptableMs: number;
  /** How long a living host may take to report the attempts of an engine that ended. */
  readonly reportGraceMs: number;
  /** Whether facts are written. */
  readonly facts: boolean;
}

/** What a first life of a scheduler gets where nothing else is said. */
export const DEFAULT_OPTIONS: SchedulerOptions = {
  epoch: 1 as Epoch,
  scheme: "leastload",
  hwm: 1,
  seed: 1,
  graceMs: 0,
  knownHosts: [],
  firstEngineId: 0,
  retention: { maxRecords: 100_000, maxAgeMs: 3_600_000, maxBytes: 256 * 1024 * 1024 },
  adoptableMs: 600_000,
  reportGraceMs: 5_000,
  facts: true,
};

/** A live engine as clients and views see it. */
export interface EngineView extends ReadyEngine {
  /** Attempts assigned and not finished. */
  readonly load: number;
  readonly draining: boolean;
}

/** How many tasks there are in each state. `settled` counts the finished ones that are kept. */
export interface StateCounts {
  readonly waiting: number;
  readonly ready: number;
  readonly assigned: number;
  readonly settled: number;
}

/** The scheduler as a value: events in, effects out. Never reads a clock, never waits, never throws on bad input. */
export interface SchedulerCore {
  /** Takes what happened and says what to do about it. Throws only where the core itself is wrong. */
  step(event: SchedulerEvent): readonly Effect[];
  /** The engines that are alive, ascending by id. */
  engines(): readonly EngineView[];
  counts(): StateCounts;
  explain(id: TaskId): Explanation;
  /** What is known of a task, in a word. */
  statusOf(id: TaskId): StatusWord;
  /** What is queued where; of these engines only, unless `null`. `verbose`: with ids. */
  queueStatus(targets: readonly EngineId[] | null, verbose: boolean): SchedulerQueues;
  /** The last moves of a task that are still remembered, oldest first. */
  story(id: TaskId): readonly StoryLine[];
  /** All of it as plain data: `restoreScheduler(snapshot)` goes on exactly from here. */
  snapshot(): Snapshot;
}
