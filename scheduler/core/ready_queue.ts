/**
 * Ready tasks in the order in which they leave: by priority, then the clients in turn, then in order of submission.
 *
 * Those of a client that is behind with its results stay where they are and do not leave. Fresh tasks cost O(1) whatever the length; those that come back cost O(log of those that came back). Knows nothing of
 * engines. One for each `PlacementGroup`.
 * @module
 */
import { IndexedHeap } from "./indexed_heap.ts";
import { LinkedList } from "./linked_list.ts";
import type { SessionRecord } from "./session_record.ts";
import type { TaskRecord } from "./task_record.ts";

const byOrder = (a: TaskRecord, b: TaskRecord): boolean => a.order < b.order;

/** The ready tasks of one client and priority. */
class Lane {
  readonly session: SessionRecord;
  /** `session.served` as it was when this lane was put in its place: never more than it is now. */
  served: number;
  heapIndex = -1;
  readonly #fresh = new LinkedList<TaskRecord>();
  /** Those that came back out of order. */
  #returned: IndexedHeap<TaskRecord> | null = null;

  constructor(session: SessionRecord) {
    this.session = session;
    this.served = session.served;
  }

  get first(): TaskRecord | null {
    const fresh = this.#fresh.first;
    const returned = this.#returned?.first ?? null;
    if (fresh === null || returned === null) return fresh ?? returned;
    return byOrder(fresh, returned) ? fresh : returned;
  }

  push(task: TaskRecord): void {
    const last = this.#fresh.last;
    if (last === null || byOrder(last, task)) this.#fresh.append(task);
    else (this.#returned ??= new IndexedHeap(byOrder)).push(task);
  }

  remove(task: TaskRecord): void {
    if (task.heapIndex >= 0) this.#returned?.remove(task);
    else this.#fresh.remove(task);
  }

  *[Symbol.iterator](): Generator<TaskRecord> {
    yield* this.#fresh;
    if (this.#returned !== null) yield* this.#returned.members;
  }
}

/** All of one priority. */
class Level {
  readonly priority: number;
  readonly #lanes: Map<SessionRecord, Lane> = new Map();
  readonly #turns = new IndexedHeap<Lane>((a, b) =>
    a.served < b.served || (a.served === b.served && a.session.serial < b.session.serial)
  );

  constructor(priority: number) {
    this.priority = priority;
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  get first(): TaskRecord | null {
    let lane = this.#turns.first;
    // A client may have been served from elsewhere meanwhile. That only ever moves it back.
    while (lane !== null && lane.served !== lane.session.served) {
      lane.served = lane.session.served;
      this.#turns.update(lane);
      lane = this.#turns.first;
    }
    return lane === null ? null : lane.first;
  }

  push(task: TaskRecord): void {
    let lane = this.#lanes.get(task.session);
    if (lane === undefined) {
      lane = new Lane(task.session);
      this.#lanes.set(task.session, lane);
      if (!task.session.behind) this.#turns.push(lane);
    }
    lane.push(task);
  }

  remove(task: TaskRecord): void {
    const lane = this.#lanes.get(task.session);
    if (lane === undefined) return;
    lane.remove(task);
    if (lane.first !== null) return;
    this.#lanes.delete(task.session);
    if (lane.heapIndex >= 0) this.#turns.remove(lane);
  }

  /** Its `behind` has changed. */
  paceChanged(session: SessionRecord): void {
    const lane = this.#lanes.get(session);
    if (lane === undefined || session.behind === lane.heapIndex < 0) return;
    if (session.behind) return this.#turns.remove(lane);
    lane.served = session.served;
    this.#turns.push(lane);
  }

  *[Symbol.iterator](): Generator<TaskRecord> {
    for (const lane of this.#lanes.values()) yield* lane;
  }
}

/** The ready tasks of one group. */
export class ReadyQueue implements Iterable<TaskRecord> {
  /** Highest priority first; none is empty. */
  readonly #levels: Level[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The task that leaves next; `null`: there is none, or none that may leave. */
  get first(): TaskRecord | null {
    const first = this.#levels[0]?.first ?? null;
    // Nearly always there is one level, and nobody is behind.
    if (first !== null || this.#levels.length < 2) return first;
    return this.#levels.find((level) => level.first !== null)?.first ?? null;
  }

  /** The `behind` of a client has changed. */
  paceChanged(session: SessionRecord): void {
    for (const level of this.#levels) level.paceChanged(session);
  }

  push(task: TaskRecord): void {
    this.#levelOf(task.flags.priority).push(task);
    this.#size++;
  }

  /** `task` must be in this queue. */
  remove(task: TaskRecord): void {
    const index = this.#indexOf(task.flags.priority);
    const level = this.#levels[index];
    if (level === undefined) return;
    level.remove(task);
    this.#size--;
    if (level.isEmpty) this.#levels.splice(index, 1);
  }

  /** In no particular order. */
  *[Symbol.iterator](): Generator<TaskRecord> {
    for (const level of this.#levels) yield* level;
  }

  #levelOf(priority: number): Level {
    const index = this.#indexOf(priority);
    const found = this.#levels[index];
    if (found !== undefined && found.priority === priority) return found;
    const level = new Level(priority);
    this.#levels.splice(index, 0, level);
    return level;
  }

  /** Where the level of this priority is, or would be. */
  #indexOf(priority: number): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#levels[middle] as Level).priority > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
