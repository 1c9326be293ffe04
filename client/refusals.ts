/**
 * Tasks that failed here before anybody else saw them, and what that means for those that depend on them.
 *
 * Keeps the errors of the last ones, to be the cause of what they make impossible; that they failed, their ids tell for
 * ever. Owned by `submission.ts`.
 * @module
 */
import { REFUSED_COUNTERS_FROM, type TaskId } from "../protocol/ids.ts";
import { ImpossibleDependency } from "../wire/errors.ts";
import type { DependencyFlag, DependencyKind } from "./dependency_flag.ts";
import type { ResolvedFlags } from "./task_flags.ts";

/** Errors that are kept at most. */
const KEPT_ERRORS = 1_000;

/** The refused tasks of one client. */
export class Refusals {
  readonly #errors = new Map<TaskId, unknown>();
  #next = REFUSED_COUNTERS_FROM;

  /** The counter of a task that is refused and was promised no id. */
  allocate(): number {
    return this.#next++;
  }

  /** The task was refused for this. */
  add(id: TaskId, error: unknown): void {
    this.#errors.set(id, error);
    if (this.#errors.size <= KEPT_ERRORS) return;
    for (const oldest of this.#errors.keys()) {
      this.#errors.delete(oldest);
      return;
    }
  }

  /** Throws `ImpossibleDependency` where a dependency among the flags can't be met for one of these. */
  check(flags: ResolvedFlags): void {
    this.#check("after", flags.after);
    this.#check("follow", flags.follow);
  }

  #check(kind: DependencyKind, flag: DependencyFlag | null): void {
    if (flag === null || flag.obstacle === null) return;
    const cause = this.#errors.get(flag.obstacle);
    const why = cause instanceof Error ? ` (${cause.name}: ${cause.message})` : "";
    throw new ImpossibleDependency(
      `Cannot run the task: it has to ${MEANING[kind]} task "${flag.obstacle}", which failed before it was ` +
        `submitted${why}; mend that one, and submit both again.`,
      cause === undefined ? {} : { cause },
    );
  }
}

const MEANING: Readonly<Record<DependencyKind, string>> = { after: "come after", follow: "follow" };
