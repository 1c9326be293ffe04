/**
 * What the core keeps of one client session: its tasks by counter, and its turn.
 *
 * Made by the first event that names the session; dropped when the client left and nothing of it is kept.
 * @module
 */
import type { Session, TaskId } from "../../protocol/ids.ts";
import { IntervalSet } from "./interval_set.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";

export class SessionRecord {
  readonly id: Session;
  /** Order of appearance: breaks ties between clients that were never served. */
  readonly serial: number;
  attached = false;
  /** When a task of this client was assigned last, on a counter of all assignments; 0: never. Smaller goes first. */
  served = 0;
  readonly tasks: Map<number, TaskRecord | FinishedRecord> = new Map();
  forgotten: IntervalSet = new IntervalSet();

  constructor(id: Session, serial: number) {
    this.id = id;
    this.serial = serial;
  }
}

/** The two parts of a task id; `null` where it is none. */
export function splitTaskId(id: TaskId): { readonly session: Session; readonly counter: number } | null {
  const dash = id.lastIndexOf("-");
  const counter = dash < 1 || dash === id.length - 1 ? NaN : Number(id.slice(dash + 1));
  if (!Number.isSafeInteger(counter) || counter < 0) return null;
  return { session: id.slice(0, dash) as Session, counter };
}
