/**
 * A rule of the scheduler that a simulated run has broken.
 *
 * Thrown at once, from wherever it is seen; `run_plan.ts` catches it and makes the story of it.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";

/** What can be broken, by name. */
export type RuleName =
  | "the core works"
  | "the core's state is consistent"
  | "facts and orders agree"
  | "no task is lost"
  | "no task is settled twice"
  | "no attempt too many"
  | "one attempt at a time"
  | "the mark is kept"
  | "where a task may run"
  | "the queue is in order"
  | "no engine idles while a task could run"
  | "dependencies are kept"
  | "outcomes are true"
  | "deadlines are kept"
  | "what is waited for is not forgotten"
  | "everything that waits has a live cause"
  | "everything comes to an end"
  | "nothing is left over";

/** Thrown where a rule is broken. */
export class BrokenRule extends Error {
  override readonly name = "BrokenRule";
  readonly rule: RuleName;
  /** Whom it concerns. */
  readonly tasks: readonly TaskId[];

  constructor(rule: RuleName, what: string, tasks: readonly TaskId[] = [], options?: ErrorOptions) {
    super(what, options);
    this.rule = rule;
    this.tasks = tasks;
  }
}
