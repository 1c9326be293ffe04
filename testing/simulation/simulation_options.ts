/**
 * What users say to simulate their own graph of tasks: the tasks, the cluster, and what goes wrong.
 *
 * Types and checks only. `graph_plan.ts` makes a plan of it.
 * @module
 */
import type { SchemeName } from "../../scheduler/core/scheduler_core.ts";

/** The tasks that one waits for, by name; more than one: all of them have to be done, unless it says otherwise. */
export type SimulatedDependency = string | readonly string[] | {
  readonly tasks: readonly string[];
  /** All of them, or any. Default: `true`. */
  readonly all?: boolean;
  /** Whether being done is what is asked for. Default: `true`. */
  readonly success?: boolean;
  /** Whether having failed is. Default: `false`. */
  readonly failure?: boolean;
};

/** One task of the graph. Times in ms. What a real task would compute is left out: it takes its time, and ends. */
export interface SimulatedTask {
  /** Unique in the graph. */
  readonly name: string;
  /** How long an attempt runs: so long, or from … to. Default: 10. */
  readonly runMs?: number | readonly [min: number, max: number];
  /** When: only after these. */
  readonly after?: SimulatedDependency;
  /** Where: only on an engine that ran these, and after them. */
  readonly follow?: SimulatedDependency;
  /** How often a failed attempt is run again. Default: 0. */
  readonly retries?: number;
  /** The pause before a retry. */
  readonly backoff?: {
    readonly initial: number;
    readonly factor?: number;
    readonly max?: number;
    readonly jitter?: number;
  };
  /** Higher leaves first. Default: 0. */
  readonly priority?: number;
  /** The only engines it may run on, by id. */
  readonly targets?: readonly number[];
  /** From submission until it must have been assigned; 0: never. Default: 0. */
  readonly timeout?: number;
  /** The longest an attempt may run; 0: for ever. Default: 0. */
  readonly maxRuntime?: number;
  /** How likely an attempt is to throw, 0–1; 1: it always does. Default: 0. */
  readonly fails?: number;
  /** How likely it is to decline an engine (`UnmetDependency`), 0–1. Default: 0. */
  readonly declines?: number;
  /** When it is submitted. What is submitted at one time is one batch. Default: 0. */
  readonly submittedAt?: number;
}

/** What goes wrong. Chances are for each attempt, 0–1; the others are how often it happens in a run. Default: nothing. */
export interface SimulatedFaults {
  /** The chance that an engine's process dies while it runs an attempt. It comes back. */
  readonly engineDeaths?: number;
  /** The chance that an attempt never returns. Without `maxRuntime` its engine is lost until the faults are over. */
  readonly hangs?: number;
  /** The share of messages that are lost on the way and sent again later. */
  readonly lostMessages?: number;
  /** How many hosts die, with all their engines. They do not come back. */
  readonly hostDeaths?: number;
  /** How often a host's link to the controller breaks. */
  readonly brokenLinks?: number;
  /** How often the whole network is away, for a few seconds. */
  readonly outages?: number;
  /** How often the controller's process dies and is started again, without its memory. */
  readonly controllerDeaths?: number;
}

/** A graph of tasks, the cluster that it runs on, and what goes wrong. */
export interface SimulationOptions {
  /** In the order of submission. */
  readonly tasks: readonly SimulatedTask[];
  /** The same seed gives the same run. Default: 1. */
  readonly seed?: number;
  /** Engines in all. Default: 4. */
  readonly engines?: number;
  /** Hosts that they are spread over. Default: 1. */
  readonly hosts?: number;
  /** Tasks that an engine runs at a time. Default: 1. */
  readonly slots?: number;
  /**
   * Tasks assigned to an engine at most, for each of its slots; 0: any number; `auto`: as many as it is expected to finish
   * within 5 ms. Default: 1.
   */
  readonly hwm?: number | "auto";
  /** Default: `leastload`. */
  readonly scheme?: SchemeName;
  /** What goes wrong. Default: nothing. */
  readonly faults?: SimulatedFaults;
}

/** Throws `TypeError` or `RangeError` where the options are not what they should be. */
export function checkSimulation(options: SimulationOptions): void {
  const { tasks, engines = 4, hosts = 1, slots = 1, hwm = 1, faults = {} } = options;
  checkCount("engines", engines, 1);
  checkCount("hosts", hosts, 1);
  checkCount("slots", slots, 1);
  if (hwm !== "auto") checkCount("hwm", hwm, 0);
  if (hosts > engines) {
    throw new RangeError(`Cannot simulate ${engines} engines on ${hosts} hosts: each host needs one; name fewer hosts`);
  }
  const names = new Set<string>();
  for (const task of tasks) {
    if (names.has(task.name)) {
      throw new TypeError(`Cannot simulate two tasks "${task.name}": give each a name of its own`);
    }
    names.add(task.name);
    for (const name of ["fails", "declines"] as const) checkChance(`${name} of "${task.name}"`, task[name] ?? 0);
  }
  for (const task of tasks) {
    for (const flag of ["after", "follow"] as const) {
      const unknown = namesIn(task[flag]).find((name) => !names.has(name));
      if (unknown === undefined) continue;
      throw new TypeError(
        `Cannot simulate "${task.name}": "${unknown}" in its "${flag}" is no task of the graph; add it`,
      );
    }
  }
  for (const name of ["engineDeaths", "hangs", "lostMessages"] as const) {
    checkChance(`faults.${name}`, faults[name] ?? 0);
  }
  for (const name of ["hostDeaths", "brokenLinks", "outages", "controllerDeaths"] as const) {
    checkCount(`faults.${name}`, faults[name] ?? 0, 0);
  }
}

/** The names in a dependency. */
export function namesIn(dependency: SimulatedDependency | undefined): readonly string[] {
  if (dependency === undefined) return [];
  if (typeof dependency === "string") return [dependency];
  return "tasks" in dependency ? dependency.tasks : dependency;
}

function checkChance(name: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new RangeError(`Cannot simulate with "${name}" ${value}: it is a chance; give a number from 0 to 1`);
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`Cannot simulate with "${name}" ${value}: give a whole number from ${least} on`);
}
