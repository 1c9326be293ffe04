/**
 * Which tasks each engine is running now, of all that are assigned to it: the oldest that are not finished, as many as it
 * has slots.
 *
 * Looked at now and then, never on the path of a task: an engine that finishes thousands between two looks costs their
 * clients nothing. Owned by the hub.
 * @module
 */
import type { EngineId, EngineUuid } from "../protocol/ids.ts";
import type { TaskRecord } from "./task_record.ts";

interface EngineLine {
  /** In the order of assignment, which is the order in which they begin. */
  records: TaskRecord[];
  /** What was told of this engine at the last look, and at which attempt. */
  told: ReadonlyMap<TaskRecord, number>;
}

const NOTHING: ReadonlyMap<TaskRecord, number> = new Map();

/** A task found running. */
export interface RunningTask {
  readonly record: TaskRecord;
  readonly engine: EngineId;
  readonly uuid: EngineUuid;
}

export class RunningTasks {
  readonly #slotsOf: (engine: EngineId) => number;
  readonly #lines = new Map<EngineId, EngineLine>();

  /** `slotsOf` says how many tasks an engine runs at a time. */
  constructor(slotsOf: (engine: EngineId) => number) {
    this.#slotsOf = slotsOf;
  }

  /** Whether any engine may have something to run. */
  get any(): boolean {
    return this.#lines.size > 0;
  }

  assigned(engine: EngineId, record: TaskRecord): void {
    const line = this.#lines.get(engine);
    if (line !== undefined) line.records.push(record);
    else this.#lines.set(engine, { records: [record], told: NOTHING });
  }

  /** What runs now and was not told before, engine by engine. Lets go of all that is over. */
  news(): RunningTask[] {
    const found: RunningTask[] = [];
    for (const [engine, line] of this.#lines) {
      const running = takeRunning(line, engine, this.#slotsOf(engine));
      if (running.size === 0) this.#lines.delete(engine);
      const told = new Map<TaskRecord, number>();
      for (const record of running) {
        if (record.uuid === null) continue;
        told.set(record, record.attempts);
        if (line.told.get(record) !== record.attempts) found.push({ record, engine, uuid: record.uuid });
      }
      line.told = told;
    }
    return found;
  }
}

/** The first of the line that still run there; those before and between them are over, and leave it. */
function takeRunning(line: EngineLine, engine: EngineId, slots: number): Set<TaskRecord> {
  const running = new Set<TaskRecord>();
  let looked = 0;
  for (; looked < line.records.length && running.size < slots; looked++) {
    const record = line.records[looked];
    if (record?.status === "running" && record.engine === engine) running.add(record);
  }
  if (looked > running.size) line.records = [...running, ...line.records.slice(looked)];
  return running;
}
