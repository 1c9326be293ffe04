/**
 * What can't be asked of a task in the scheme `pure`: nobody watches over it, so nobody could do it.
 *
 * Pure. Called by `pure_tasks.ts` for each submission.
 * @module
 */
import { PURE_SCHEME } from "../protocol/subjects.ts";
import type { ResolvedFlags } from "./task_flags.ts";

/** Throws `TypeError` for the first flag that is not at its default and needs a scheduler. */
export function checkPureFlags(flags: ResolvedFlags): void {
  const { task, failFast, signal } = flags;
  const asked: readonly (readonly [name: string, asked: boolean])[] = [
    ["after", flags.after !== null],
    ["follow", flags.follow !== null],
    ["retries", task.retries !== 0],
    ["backoff", task.backoff !== null],
    ["targets", task.targets !== null],
    ["timeout", task.timeoutMs !== 0],
    ["priority", task.priority !== 0],
    ["maxRuntime", task.maxRuntimeMs !== 0],
    ["failFast", failFast],
    ["signal", signal !== null],
  ];
  const found = asked.find(([, isAsked]) => isAsked);
  if (found !== undefined) {
    throw new TypeError(`Cannot submit with the flag "${found[0]}": ${reason("tasks go to engines past it")}`);
  }
}

/** The error for an abort. */
export function cannotAbort(id: string): TypeError {
  return new TypeError(`Cannot abort task "${id}": ${reason("it went past it to an engine that nobody picked")}`);
}

function reason(why: string): string {
  return `the scheme of this cluster is "${PURE_SCHEME}", where the scheduler can't do that for a task, since ${why}; ` +
    `leave it out, or start the cluster with another scheme, such as "leastload".`;
}
