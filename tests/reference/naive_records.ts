/**
 * What the reference remembers: tasks, clients, processes of engines, and everything that ever was of each.
 *
 * Records only. Nothing is dropped and nothing is indexed: whoever asks looks at all of it.
 * @module
 */
import type { DispatchNumber, EngineId, EngineUuid, HostId, Session, TaskId } from "../../protocol/ids.ts";
import type { TaskFlags } from "../../protocol/task_spec.ts";

/**
 * `waiting`: for other tasks. `paused`: before a retry. `ready`: for an engine. `assigned`: to an engine. `settled`: its
 * outcome is fixed.
 */
export type NaiveState = "waiting" | "paused" | "ready" | "assigned" | "settled";

/** One task, from its acceptance on and for ever. */
export interface NaiveTask {
  readonly id: TaskId;
  readonly client: NaiveClient;
  readonly counter: number;
  /** Place in the order of submission over all clients. */
  readonly order: number;
  readonly flags: TaskFlags;
  /** When it must have been assigned; `Infinity`: whenever. */
  readonly deadline: number;
  state: NaiveState;
  /** Its dependencies were met once. */
  isReleased: boolean;
  /** The deadline does not apply to one that came back for nothing. */
  isSpared: boolean;
  /** Past its deadline, and out in this step or never. */
  isLastChance: boolean;
  pausedUntil: number;
  /** Attempts that count: neither returned nor declined. */
  attempts: number;
  failures: number;
  /** The outcome that its last failed attempt would have been. */
  lastFailure: string | null;
  readonly failedOn: Set<Life>;
  readonly declinedOn: Set<Life>;
  /** Where its last attempt that counts ran; `null`: it never ran. */
  ranOn: Life | null;
  /** `done`, `threw`, or the name of an error; `null`: not settled. */
  outcome: string | null;
  /** Its client was told. */
  isTold: boolean;
  /** The age of its record counts from here. */
  keptSince: number;
  /** Until when a task that waits named it, and its age did not count. */
  namedUntil: number;
  isForgotten: boolean;
  /** Somebody wanted it forgotten while it could not be. */
  isPurged: boolean;
}

/** One client. */
export interface NaiveClient {
  readonly session: Session;
  /** Order of appearance. */
  readonly appeared: number;
  isAttached: boolean;
  /** When it was served last, in assignments; 0: never. */
  served: number;
  /** More of its batch is to come. */
  isMidBatch: boolean;
  /** When nothing more of that is waited for, if it has left. */
  waitedForUntil: number;
}

/** One process of an engine that was ready once. */
export interface Life {
  readonly id: EngineId;
  readonly uuid: EngineUuid;
  readonly host: HostId;
  readonly slots: number;
  /** Order of becoming ready. */
  readonly appeared: number;
  isAlive: boolean;
  isDraining: boolean;
  /** When it was given a task last, in assignments; 0: never. */
  usedAt: number;
  /** Dispatched there and not ended, in order. */
  inHand: Flight[];
  /** When its host should have reported what it had in hand, once it is dead. */
  overdueAt: number;
  /** Its id was given up: no later process takes over what it had in hand. */
  isAbandoned: boolean;
}

/** A dispatch that has not ended. */
export interface Flight {
  readonly number: DispatchNumber;
  /** `null`: its task was aborted. */
  task: NaiveTask | null;
}

/** The ids that a waiting task waits for. Once it was let go, others can only matter to it for where they run. */
export function waitedFor(task: NaiveTask): readonly TaskId[] {
  return task.isReleased ? task.flags.follow?.ids ?? [] : namedBy(task);
}

/** The ids that a task names in either dependency. */
export function namedBy(task: NaiveTask): readonly TaskId[] {
  return [...task.flags.after?.ids ?? [], ...task.flags.follow?.ids ?? []];
}
