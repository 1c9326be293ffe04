/**
 * Ready tasks that may run on exactly the same engines. What waits for an engine waits here, and is not looked at until
 * an engine of its group becomes free: a task that can't run never blocks another and is never scanned again.
 *
 * Groups come and go with their tasks. Owned by `Placement`.
 * @module
 */
import type { EngineId } from "../../protocol/ids.ts";
import type { EngineRecord } from "./engine_record.ts";
import { ReadyQueue } from "./ready_queue.ts";
import type { TaskRecord } from "./task_record.ts";

/** What restricts where a task may run. */
export interface Restriction {
  /** Only these ids; `null`: any. */
  readonly targets: readonly EngineId[] | null;
  /** Only these incarnations, which ran what it follows; `null`: any. */
  readonly onlyOn: readonly EngineRecord[] | null;
  /** Never on these incarnations. */
  readonly declinedOn: readonly number[] | null;
  /** Not on these incarnations while there is another. */
  readonly failedOn: readonly number[] | null;
}

/** The same text for the same restriction; `""`: none. */
export function restrictionKey({ targets, onlyOn, declinedOn, failedOn }: Restriction): string {
  if (targets === null && onlyOn === null && declinedOn === null && failedOn === null) return "";
  const sorted = targets === null ? "*" : [...targets].sort((a, b) => a - b).join();
  const key = `${sorted}|${declinedOn?.join() ?? ""}|${failedOn?.join() ?? ""}`;
  return onlyOn === null ? key : `${key}|${onlyOn.map(({ serial }) => serial).sort((a, b) => a - b).join()}`;
}

/** The ready tasks of one restriction; the group without any holds most of them. */
export class PlacementGroup {
  readonly key: string;
  readonly targets: ReadonlySet<EngineId> | null;
  readonly onlyOn: ReadonlySet<EngineRecord> | null;
  /** The ids of all engines that may come into question; `null`: any. */
  readonly ids: ReadonlySet<EngineId> | null;
  readonly declinedOn: ReadonlySet<number>;
  readonly failedOn: ReadonlySet<number>;
  readonly queue: ReadyQueue = new ReadyQueue();
  /** Every engine that could take the tasks has failed them: then any of these will do. */
  anyFailed = false;
  /** Place among the groups that may be able to run; -1: it waits for an engine. */
  heapIndex = -1;
  /** The first task when the group was put in its place, and its client's turn then. */
  ranked: TaskRecord | null = null;
  rankedServed = 0;

  constructor(key: string, restriction: Restriction) {
    this.key = key;
    const { targets, onlyOn } = restriction;
    this.targets = targets === null ? null : new Set(targets);
    this.onlyOn = onlyOn === null ? null : new Set(onlyOn);
    this.ids = onlyOn === null ? this.targets : new Set(onlyOn.map(({ id }) => id));
    this.declinedOn = new Set(restriction.declinedOn);
    this.failedOn = new Set(restriction.failedOn);
  }

  /** Whether its tasks may run on this incarnation. Says nothing of its load. */
  accepts(engine: EngineRecord): boolean {
    return this.allows(engine) && (this.anyFailed || !this.failedOn.has(engine.serial));
  }

  /** The same, whether the engine has failed the tasks or not. */
  allows(engine: EngineRecord): boolean {
    if (this.targets !== null && !this.targets.has(engine.id)) return false;
    return (this.onlyOn === null || this.onlyOn.has(engine)) && !this.declinedOn.has(engine.serial);
  }
}
