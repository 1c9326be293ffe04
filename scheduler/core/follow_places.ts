/**
 * Where the tasks of a `follow` ran: the incarnations that its follower may run on.
 *
 * With `all` that is one incarnation or none; with any it grows as more of the tasks finish, and shrinks as engines end.
 * Keeps places only; `follow.ts` decides what follows.
 * @module
 */
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import type { EngineRecord } from "./engine_record.ts";

/** Why a place is none: the task never ran, its process has ended, or another task of the dependency ran elsewhere. */
export interface LostPlace {
  readonly kind: "nowhere" | "gone" | "elsewhere";
  /** The task that ran there. */
  readonly id: TaskId;
  /** Where it ran, if it did. */
  readonly engine: EngineId | null;
}

/** The places of one follower. */
export class FollowPlaces {
  readonly all: boolean;
  /** With a task that ran there. */
  readonly #alive: Map<EngineRecord, TaskId> = new Map();
  /** What was lost last. With `all`, nothing is left then. */
  lost: LostPlace | null = null;
  /** Some task ran in a process that is not there: in the grace of a new life it may yet come back. */
  someGone = false;

  constructor(all: boolean) {
    this.all = all;
  }

  /** Incarnations, in the order in which they were found, each with a task that ran there. */
  get alive(): ReadonlyMap<EngineRecord, TaskId> {
    return this.#alive;
  }

  /** A task whose outcome is wanted ran there; `null`: on a process that has ended, or nowhere. */
  add(id: TaskId, engine: EngineId | null, place: EngineRecord | null): void {
    if (place === null) return this.#lose({ kind: engine === null ? "nowhere" : "gone", id, engine });
    if (this.all && this.lost !== null) return;
    if (this.all && this.#alive.size > 0 && !this.#alive.has(place)) {
      return this.#lose({ kind: "elsewhere", id, engine });
    }
    if (!this.#alive.has(place)) this.#alive.set(place, id);
  }

  /** A process has ended. */
  remove(place: EngineRecord): void {
    const id = this.#alive.get(place);
    this.#alive.delete(place);
    if (id !== undefined) this.#lose({ kind: "gone", id, engine: place.id });
  }

  #lose(lost: LostPlace): void {
    if (this.all) this.#alive.clear();
    if (lost.kind === "gone") this.someGone = true;
    // What is certain says more than that a process is not there, which in a new life may yet come back.
    if (!this.all || this.lost === null || (this.lost.kind === "gone" && lost.kind !== "gone")) this.lost = lost;
  }
}
