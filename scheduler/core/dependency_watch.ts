/**
 * How far the dependencies of a task have come: what each of them still waits for, and where a follower may run.
 *
 * Records with the arithmetic of the truth table; who is told what is decided in `dependencies.ts` and `follow.ts`. A
 * task without dependencies has none of this.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { DependencySpec } from "../../protocol/task_spec.ts";
import type { DeadlinePolicy } from "./queueing.ts";
import type { FollowPlaces } from "./follow_places.ts";
import type { FinishedRecord, TaskRecord } from "./task_record.ts";

/** What names the tasks: `after` restricts time, `follow` time and place; of `inputs` it is given the results. */
export type DependencyFlag = "after" | "follow" | "inputs";

/** Whether a dependency waits for this outcome. */
export function isWanted({ success, failure }: DependencySpec, { outcome }: FinishedRecord): boolean {
  return outcome.kind === "done" ? success : failure;
}

/** One dependency of one task. */
export class DependencyWatch {
  readonly waits: TaskWaits;
  readonly flag: DependencyFlag;
  readonly spec: DependencySpec;
  /** Ids whose outcome is not known yet. */
  open: number;
  /** Ids whose outcome is one that it wants. */
  wanted = 0;
  /** The last id with an outcome that it does not want; once it is impossible, the one that made it so. */
  decisive: TaskId | null = null;
  /** Nothing is to be told any more. */
  closed = false;

  constructor(waits: TaskWaits, flag: DependencyFlag, spec: DependencySpec) {
    this.waits = waits;
    this.flag = flag;
    this.spec = spec;
    this.open = spec.ids.length;
  }

  /** Whether this outcome is one that it waits for. */
  wants(record: FinishedRecord): boolean {
    return isWanted(this.spec, record);
  }

  /** Takes in the outcome of one of its tasks. */
  note(record: FinishedRecord, id: TaskId): void {
    const wasPossible = !this.isImpossible;
    this.open--;
    if (this.wants(record)) this.wanted++;
    else if (wasPossible) this.decisive = id;
  }

  /** As far as outcomes go. */
  get isMet(): boolean {
    const { ids, all } = this.spec;
    return ids.length === 0 || (all ? this.wanted === ids.length : this.wanted > 0);
  }

  /** As far as outcomes go. */
  get isImpossible(): boolean {
    const { ids, all } = this.spec;
    return all ? this.open + this.wanted < ids.length : ids.length > 0 && this.open === 0 && this.wanted === 0;
  }
}

/** All that a task waits for. Lives as long as the task does. */
export class TaskWaits {
  readonly task: TaskRecord;
  /** Order of registration: tasks that wait for the same one hear of it in this order. */
  readonly serial: number;
  after: DependencyWatch | null = null;
  follow: DependencyWatch | null = null;
  /** Never closed before the task has ended: what it is given is kept for its retries. */
  inputs: DependencyWatch | null = null;
  /** The finished tasks among its inputs are kept for it. */
  keepsInputs = false;
  /** Where it may run as far as `follow` goes; `null`: anywhere. */
  places: FollowPlaces | null = null;
  /** It waits for others, and the finished tasks that it names are kept for it. */
  holding = false;
  /** Names that are still to come with the rest of the batch: before that, nothing is decided about it. */
  missing = 0;
  /** It names a task that was submitted after it: it may lie on a cycle. */
  isForward = false;
  /** Whether its deadline applies when it becomes ready. */
  deadline: DeadlinePolicy = "applies";

  constructor(task: TaskRecord, serial: number) {
    this.task = task;
    this.serial = serial;
  }

  /** All that there are. */
  get watches(): readonly DependencyWatch[] {
    const { after, follow, inputs } = this;
    return [after, follow, inputs].filter((watch) => watch !== null);
  }

  /** Tasks whose outcome it waits for. */
  get open(): number {
    return (this.after?.open ?? 0) + (this.follow?.open ?? 0) + (this.inputs?.open ?? 0);
  }
}

/** Who waits for a task: mostly one, which costs no list. */
export class Dependents implements Iterable<DependencyWatch> {
  #first: DependencyWatch;
  #others: DependencyWatch[] | null = null;
  #closed = 0;

  constructor(first: DependencyWatch) {
    this.#first = first;
  }

  get size(): number {
    return 1 + (this.#others?.length ?? 0);
  }

  /** In the order in which they came; `index` is below `size`. Not while any may be closed. */
  at(index: number): DependencyWatch {
    return this.#others?.[index - 1] ?? this.#first;
  }

  add(watch: DependencyWatch): void {
    if (this.#others === null) this.#others = [watch];
    else this.#others.push(watch);
  }

  /** One of them was closed: lets go of the closed ones when they are the greater part. */
  closedOne(): void {
    if (this.#others === null || ++this.#closed * 2 <= this.size) return;
    const open = [...this].filter(({ closed }) => !closed);
    this.#first = open[0] ?? this.#first;
    this.#others = open.length > 1 ? open.slice(1) : null;
    this.#closed = 0;
  }

  /** As they are now: what is closed meanwhile is given all the same. */
  [Symbol.iterator](): Iterator<DependencyWatch> {
    return [this.#first, ...this.#others ?? []][Symbol.iterator]();
  }
}

/** One more waits for what has these dependents. */
export function withDependent(dependents: Dependents | null, watch: DependencyWatch): Dependents {
  if (dependents === null) return new Dependents(watch);
  dependents.add(watch);
  return dependents;
}
