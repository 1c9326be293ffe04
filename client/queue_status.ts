/**
 * `queueStatus` as a user sees it: what the scheduler has assigned, and what the hub counted, engine by engine.
 *
 * Pure. Called by `questions.ts`.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { LISTED_IDS, type SchedulerQueues, type WaitingTasks } from "../protocol/queue_status.ts";
import type { EngineStatus } from "../protocol/status.ts";
import { NoEnginesRegistered } from "../wire/errors.ts";
import { checkSignal } from "./ask_options.ts";
import { checkBoolean, checkOptionNames } from "./flag_checks.ts";
import { checkTargets, type Targets } from "./direct_view.ts";
import type { HubRecord } from "./record_query.ts";

/** Which engines, and whether with ids. */
export interface QueueStatusOptions {
  /** These engines; default `"all"`. */
  readonly targets?: Targets;
  /** The ids of the tasks too, the first 1,000 of each kind; default false. */
  readonly verbose?: boolean;
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Ids of tasks by what they are doing on an engine. */
export interface EngineTaskIds {
  /** Behind those that run, in their order. */
  readonly queued: readonly string[];
  /** Running now. */
  readonly running: readonly string[];
  /** Done there, as far as records are kept. */
  readonly completed: readonly string[];
  /** Failed or aborted there, as far as records are kept. */
  readonly failed: readonly string[];
}

/** What one engine has and had to do. Direct tasks, and those of the scheme `pure`, are not counted. */
export interface EngineQueueStatus {
  /** Its id. */
  readonly engineId: number;
  /** Its process. */
  readonly engineUuid: string;
  /** Assigned and not begun. */
  readonly queued: number;
  /** Assigned and under way. */
  readonly running: number;
  /** Done since the cluster began, or since the engine got its id. */
  readonly completed: number;
  /** Failed attempts since then. */
  readonly failed: number;
  /** `null` unless `verbose`. */
  readonly ids: EngineTaskIds | null;
}

/** What is queued where, and what waits for what. */
export interface QueueStatus {
  /** The engines asked for, ascending. */
  readonly engines: readonly EngineQueueStatus[];
  /** All tasks that wait in the scheduler. */
  readonly unassigned: number;
  /** The same by what they wait for, the most first. */
  readonly waiting: readonly WaitingTasks[];
  /** Those of the unassigned that no line of `waiting` counts, since there would be too many: ask `explain(id)`. */
  readonly others: number;
}

/** Options with every default filled in; `targets` `null`: all. */
export interface ResolvedQueueOptions {
  readonly targets: readonly EngineId[] | null;
  readonly verbose: boolean;
  readonly signal: AbortSignal | undefined;
}

const OPTIONS = ["targets", "verbose", "signal"];

/** Throws `TypeError` and `RangeError`. */
export function resolveQueueOptions(options: QueueStatusOptions): ResolvedQueueOptions {
  checkOptionNames("ask for queues", options, OPTIONS);
  const targets = checkTargets(options.targets ?? "all");
  const verbose = checkBoolean("verbose", options.verbose ?? false);
  const signal = checkSignal(options.signal);
  if (targets === "all") return { targets: null, verbose, signal };
  return { targets: (typeof targets === "number" ? [targets] : targets) as readonly EngineId[], verbose, signal };
}

/** Puts both together. Throws `NoEnginesRegistered` where one of `targets` is not there. */
export function joinQueues(
  queues: SchedulerQueues,
  engines: readonly EngineStatus[],
  ended: readonly Partial<HubRecord>[] | null,
  targets: readonly EngineId[] | null,
): QueueStatus {
  const missing = targets?.find((id) => !queues.engines.some(({ engine }) => engine === id));
  if (missing !== undefined) {
    throw new NoEnginesRegistered(`Cannot show the queue of engine ${missing}: there is none of this id now.`);
  }
  const counted = new Map(engines.map((engine) => [engine.id, engine]));
  return {
    engines: queues.engines.map(({ engine, uuid, queued, running, queuedIds, runningIds }) => ({
      engineId: engine,
      engineUuid: uuid,
      queued,
      running,
      completed: counted.get(engine)?.completed ?? 0,
      failed: counted.get(engine)?.failed ?? 0,
      ids: ended === null ? null : { queued: queuedIds ?? [], running: runningIds ?? [], ...endedIds(ended, engine) },
    })),
    unassigned: queues.unassigned,
    waiting: queues.waiting,
    others: queues.others,
  };
}

function endedIds(ended: readonly Partial<HubRecord>[], engine: EngineId): Pick<EngineTaskIds, "completed" | "failed"> {
  const completed: string[] = [];
  const failed: string[] = [];
  for (const { msgId, engineId, status } of ended) {
    if (engineId !== engine || msgId === undefined) continue;
    const list = status === "done" ? completed : failed;
    if (list.length < LISTED_IDS) list.push(msgId);
  }
  return { completed, failed };
}
