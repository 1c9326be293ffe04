/**
 * Which task each engine is running now, of all that are assigned to it: the oldest that is not finished.
 *
 * Looked at now and then, never on the path of a task: an engine that finishes thousands between two looks costs their
 * clients nothing. Owned by the hub.
 * @module
 */
import type { EngineId, EngineUuid } from "../protocol/ids.ts";
import type { TaskRecord } from "./task_record.ts";

interface EngineLine {
  /** In the order of assignment, which is the order in which they run. */
  records: TaskRecord[];
  /** What was told of this engine last, and at which attempt. */
  told: TaskRecord | null;
  toldAttempt: number;
}

/** A task found running. */
export interface RunningTask {
  readonly record: TaskRecord;
  readonly engine: EngineId;
  readonly uuid: EngineUuid;
}

export class RunningTasks {
  readonly #lines = new Map<EngineId, EngineLine>();

  /** Whether any engine may have something to run. */
  get any(): boolean {
    return this.#lines.size > 0;
  }

  assigned(engine: EngineId, record: TaskRecord): void {
    const line = this.#lines.get(engine);
    if (line !== undefined) line.records.push(record);
    else this.#lines.set(engine, { records: [record], told: null, toldAttempt: 0 });
  }

  /** What runs now and was not told before, one an engine. Lets go of all that is over. */
  news(): RunningTask[] {
    const found: RunningTask[] = [];
    for (const [engine, line] of this.#lines) {
      const record = skipFinished(line, engine);
      if (record === null) {
        this.#lines.delete(engine);
      } else if ((record !== line.told || record.attempts !== line.toldAttempt) && record.uuid !== null) {
        line.told = record;
        line.toldAttempt = record.attempts;
        found.push({ record, engine, uuid: record.uuid });
      }
    }
    return found;
  }
}

/** The first of the line that still runs there. */
function skipFinished(line: EngineLine, engine: EngineId): TaskRecord | null {
  const first = line.records.findIndex(({ status, engine: where }) => status === "running" && where === engine);
  if (first === -1) return null;
  if (first > 0) line.records = line.records.slice(first);
  return line.records[0] ?? null;
}
