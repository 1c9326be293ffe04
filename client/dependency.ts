/**
 * Which tasks a task waits for, and what has to become of them: what users make for the flags `after` and `follow`.
 *
 * A set of ids with three switches, and the two questions of the task interface asked of sets that the user has; the
 * scheduler asks them of what it knows. Checks what it is given, knows no client. Used by `dependency_flag.ts`.
 * @module
 */
import { AsyncResult } from "./async_result.ts";
import type { TaskId } from "../protocol/ids.ts";
import { parseTaskId } from "../wire/task_ids.ts";
import { show } from "./flag_checks.ts";

/** Ids in one dependency at most. */
const MAX_DEPENDENCY_IDS = 100_000;

const DEPEND = "depend";
const SWITCHES: readonly string[] = ["all", "success", "failure"];

/** A result, or the id of a task. The result of a map stands for all its tasks. */
export type DependencyJob = AsyncResult<unknown, boolean> | string;

/** What a dependency can be made of. */
export type DependencyJobs = DependencyJob | Iterable<DependencyJob>;

/** The switches of a dependency. */
export interface DependencyOptions {
  /** Whether all of its tasks have to come to what is wanted (default), or any of them. */
  readonly all?: boolean;
  /** Whether a task that is done is what is wanted; default true. */
  readonly success?: boolean;
  /** Whether a task that failed for good is; default false. */
  readonly failure?: boolean;
}

/**
 * A set of task ids, and what has to become of these tasks. It may be changed as any `Set`; a flag takes what is in it at
 * the moment when the flag is set. An empty one is met at once.
 *
 * @example
 * ```ts
 * import { Dependency } from "./dependency.ts";
 *
 * const anyFailed = new Dependency(["a1-0", "a1-1"], { all: false, success: false, failure: true });
 * console.log(anyFailed.check(["a1-0"], [])); // false
 * console.log(anyFailed.check(["a1-0"], ["a1-1"])); // true
 * console.log(anyFailed.unreachable(["a1-0", "a1-1"])); // true
 * ```
 */
export class Dependency extends Set<string> {
  /** All of its tasks have to come to what is wanted; else any of them. */
  readonly all: boolean;
  /** A task that is done is what is wanted. */
  readonly success: boolean;
  /** A task that failed for good is what is wanted. */
  readonly failure: boolean;

  /**
   * `jobs`: a result, an id, or several of these. Throws `TypeError` for anything else, for a switch that there is not,
   * and where neither `success` nor `failure` is wanted, `RangeError` for more than 100,000 ids.
   */
  constructor(jobs: DependencyJobs = [], options: DependencyOptions = {}) {
    super();
    checkSwitchNames(options);
    this.all = checkSwitch("all", options.all, true);
    this.success = checkSwitch("success", options.success, true);
    this.failure = checkSwitch("failure", options.failure, false);
    if (!this.success && !this.failure) {
      throw new TypeError(
        "Cannot make a dependency with success and failure both false: nothing could meet it; set one of them to true.",
      );
    }
    for (const id of idsOf(jobs, DEPEND)) this.add(id);
  }

  /** Adds an id. Throws `TypeError` for what is none, `RangeError` past 100,000 ids. */
  override add(id: string): this {
    if (!this.has(checkId(id, DEPEND)) && this.size >= MAX_DEPENDENCY_IDS) throw tooMany(DEPEND);
    return super.add(id);
  }

  /** Whether it is met, once `completed` are done and `failed` have failed. */
  check(completed: Iterable<string>, failed: Iterable<string> = []): boolean {
    if (this.size === 0) return true;
    return this.#covers(this.success ? completed : [], this.failure ? failed : [], this.all);
  }

  /** Whether it can't be met any more, once `completed` are done and `failed` have failed. */
  unreachable(completed: Iterable<string>, failed: Iterable<string> = []): boolean {
    if (this.size === 0) return false;
    return this.#covers(this.success ? [] : completed, this.failure ? [] : failed, !this.all);
  }

  /** Whether every one of its ids, or one of them, is in one of the two. */
  #covers(first: Iterable<string>, second: Iterable<string>, every: boolean): boolean {
    const [one, other] = [asSet(first), asSet(second)];
    for (const id of this) if ((one.has(id) || other.has(id)) !== every) return !every;
    return every;
  }
}

/**
 * The ids that are meant, each once and checked. Throws as the constructor of `Dependency` does; `doing` says in the
 * error what could not be done.
 */
export function dependencyIds(jobs: DependencyJobs, doing: string): readonly TaskId[] {
  if (typeof jobs === "string") return [checkId(jobs, doing)];
  const ids = new Set<TaskId>();
  for (const id of idsOf(jobs, doing)) {
    ids.add(checkId(id, doing));
    if (ids.size > MAX_DEPENDENCY_IDS) throw tooMany(doing);
  }
  return [...ids];
}

function* idsOf(jobs: DependencyJobs, doing: string): Generator<string> {
  if (typeof jobs === "string") yield jobs;
  else if (jobs instanceof AsyncResult) yield* jobs.msgIds;
  else if (typeof jobs === "object" && jobs !== null && Symbol.iterator in jobs) {
    for (const job of jobs) {
      if (job instanceof AsyncResult) yield* job.msgIds;
      else yield job;
    }
  } else throw notAJob(jobs, doing);
}

function checkId(id: unknown, doing: string): TaskId {
  if (typeof id !== "string" || parseTaskId(id) === null) throw notAJob(id, doing);
  return id as TaskId;
}

function checkSwitchNames(options: DependencyOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot make a dependency with ${show(options)}: give switches, as in { all: false }.`);
  }
  const unknown = Object.keys(options).find((name) => !SWITCHES.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot make a dependency with the switch "${unknown}": there is none of this name; there are ${
      SWITCHES.join(", ")
    }.`,
  );
}

function checkSwitch(name: string, value: unknown, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (typeof value === "boolean") return value;
  throw new TypeError(`Cannot make a dependency with ${name} ${show(value)}: allowed is true or false.`);
}

function asSet(ids: Iterable<string>): ReadonlySet<string> {
  return ids instanceof Set ? ids : new Set(ids);
}

function notAJob(value: unknown, doing: string): TypeError {
  return new TypeError(
    `Cannot ${doing} on ${
      show(value)
    }: it is neither a result nor the id of a task; give what apply() or map() returned, ` +
      `its msgId, or an id made by client.newId().`,
  );
}

function tooMany(doing: string): RangeError {
  return new RangeError(
    `Cannot ${doing} on more than ${MAX_DEPENDENCY_IDS.toLocaleString("en")} tasks at once: ` +
      `let one task wait for each part of them, and depend on these.`,
  );
}
