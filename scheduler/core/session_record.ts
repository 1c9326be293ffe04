/**
 * What the core keeps of one client session: its tasks by counter, and its turn.
 *
 * Made by the first event that names the session; dropped when the client left and nothing of it is kept.
 * @module
 */
import type { HostId, Session, TaskId } from "../../protocol/ids.ts";
import { type DependencyWatch, type Dependents, type TaskWaits, withDependent } from "./dependency_watch.ts";
import { IntervalSet } from "./interval_set.ts";
import { PagedTable } from "../../wire/paged_table.ts";
import type { Timer } from "./timers.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";

/** One run of one client. */
export class SessionRecord {
  readonly id: Session;
  /** Order of appearance: breaks ties between clients that were never served. */
  readonly serial: number;
  /** Epoch ms, whole: what is kept of its tasks counts from here. */
  readonly bornAt: number;
  attached = false;
  /** It does not keep up with its results: nothing more of it is assigned until it does. */
  behind = false;
  /** It lives in an engine of this host, and ends with it. */
  engineHost: HostId | null = null;
  /** When a task of this client was assigned last, on a counter of all assignments; 0: never. Smaller goes first. */
  served = 0;
  readonly tasks: PagedTable<TaskRecord | FinishedRecord> = new PagedTable();
  forgotten: IntervalSet = new IntervalSet();
  /** A part of a batch has come, and more will: ids of this session that are not known may be in it. */
  batchOpen = false;
  /** Its client left in the middle of a batch: when nothing more of that is waited for. */
  abandoned: Timer | null = null;
  /** Those who wait for tasks that are still to come, by counter. */
  readonly missing: Map<number, Dependents> = new Map();
  /** Tasks of the batch that name later ones. */
  forward: TaskWaits[] = [];

  constructor(id: Session, serial: number, bornAt: number) {
    this.id = id;
    this.serial = serial;
    this.bornAt = Math.floor(bornAt);
  }

  /** Whether a task that is not known here may come with the rest of the batch. */
  mayCome(id: TaskId): boolean {
    const counter = counterOf(this.id, id);
    return this.batchOpen && counter >= 0 && !this.forgotten.has(counter);
  }

  /** A task is there: those who have named it before wait for one less that is to come. */
  cameAtLast(counter: number): Dependents | null {
    if (this.missing.size === 0) return null;
    const dependents = this.missing.get(counter) ?? null;
    this.missing.delete(counter);
    for (const { waits } of dependents ?? []) waits.missing--;
    return dependents;
  }

  /** Somebody waits for a task of this session that is still to come. */
  awaitMissing(id: TaskId, watch: DependencyWatch): void {
    const counter = counterOf(this.id, id);
    this.missing.set(counter, withDependent(this.missing.get(counter) ?? null, watch));
  }
}

const DASH = 45;
const ZERO = 48;

/** The counter in a task id of this session; -1 where it is none. Makes no garbage: each submitted task passes here. */
export function counterOf(session: Session, id: TaskId): number {
  const digits = id.length - session.length - 1;
  if (digits < 1 || digits > 15 || !id.startsWith(session) || id.charCodeAt(session.length) !== DASH) return -1;
  let counter = 0;
  for (let i = session.length + 1; i < id.length; i++) {
    const digit = id.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    counter = counter * 10 + digit;
  }
  return counter;
}

/** The two parts of a task id; `null` where it is none. */
export function splitTaskId(id: TaskId): { readonly session: Session; readonly counter: number } | null {
  const session = id.slice(0, Math.max(0, id.lastIndexOf("-"))) as Session;
  const counter = session === "" ? -1 : counterOf(session, id);
  return counter < 0 ? null : { session, counter };
}
