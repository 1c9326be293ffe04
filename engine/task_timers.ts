/**
 * Timers as tasks see them: an error that a callback throws fails the task that set the timer.
 *
 * The runtime reports such an error as one that nobody caught, and does not say whose timer it was: it has left the
 * timer's scope by then. Functions that were imported from `node:timers` by name can't be replaced. Installed by
 * `main.ts`.
 * @module
 */
import type { TaskOwners } from "./task_owners.ts";
import type { TaskRun } from "./task_run.ts";

/** Those whose callbacks run outside all promises. */
const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;

// Kept here because tasks may patch the globals.
const { apply } = Reflect;

type TimerFunction = (...args: unknown[]) => unknown;

/** Something that has the timers: the global scope, Node's module. */
export type TimerHolder = Record<typeof TIMERS[number], unknown>;

/** Replaces the timers of all holders; `fail` is told of each error. */
export function installTaskTimers(
  holders: readonly TimerHolder[],
  owners: TaskOwners,
  fail: (run: TaskRun, error: unknown) => void,
): void {
  for (const name of TIMERS) {
    const real = holders[0]?.[name];
    if (typeof real !== "function") continue;
    const value = ownedTimer(real as TimerFunction, owners, fail);
    for (const holder of holders) {
      Object.defineProperty(holder, name, { value, configurable: true, enumerable: true, writable: true });
    }
  }
}

function ownedTimer(
  real: TimerFunction,
  owners: TaskOwners,
  fail: (run: TaskRun, error: unknown) => void,
): TimerFunction {
  const owned = (callback: unknown, ...rest: unknown[]): unknown => {
    const run = owners.owner;
    if (run === null || typeof callback !== "function") return real(callback, ...rest);
    const guarded = function (this: unknown, ...args: unknown[]): void {
      try {
        owners.within(run, () => apply(callback, this, args));
      } catch (error) {
        fail(run, error);
      }
    };
    return real(guarded, ...rest);
  };
  // Among them is what `util.promisify` looks for.
  return Object.defineProperties(owned, Object.getOwnPropertyDescriptors(real));
}
