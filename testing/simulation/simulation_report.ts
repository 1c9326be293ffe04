/**
 * What came of a simulated graph: each task's outcome, and the story of the run.
 *
 * Only looks at a run that is over. Made by `simulate.ts`.
 * @module
 */
import type { TaskId } from "../../protocol/ids.ts";
import type { TaskOutcome } from "../../protocol/outcome.ts";
import { GRAPH_CLIENT, graphTaskId } from "./graph_plan.ts";
import type { RunResult } from "./run_plan.ts";
import type { SimulatedTask } from "./simulation_options.ts";
import { printStory } from "./story.ts";

/** What became of one task. Times in simulated ms since the start. */
export interface SimulatedTaskReport {
  /** As in the graph. */
  readonly name: string;
  /** `failed` includes what was never run, since it could not be. */
  readonly outcome: "done" | "failed";
  /** The name of the error a client would see (`RemoteError` where the task itself threw); `null`: it is done. */
  readonly error: string | null;
  /** The error's message; `null`: it is done, or threw. */
  readonly message: string | null;
  /** Attempts that ran. */
  readonly attempts: number;
  /** Where the last attempt ran; `null`: nowhere. */
  readonly engine: number | null;
  /** When the last attempt began; `null`: it never ran. */
  readonly startedMs: number | null;
  /** When the client had the outcome. */
  readonly endedMs: number;
}

/** What came of a run. */
export interface SimulationReport {
  /** The same seed gives the same run. */
  readonly seed: number;
  /** In the order of the graph. */
  readonly tasks: readonly SimulatedTaskReport[];
  /** When the last outcome was there, simulated ms. */
  readonly endedMs: number;
  /** What became of a task. Throws `RangeError` for a name that is not in the graph. */
  task(name: string): SimulatedTaskReport;
  /**
   * What happened, a line each, with its time; with names only what concerns these tasks and the cluster. Empty for runs
   * of `simulateSeeds`, where nobody reads it.
   */
  story(...names: readonly string[]): string;
}

/** The report on a run that broke no rule. */
export class RunReport implements SimulationReport {
  readonly seed: number;
  readonly tasks: readonly SimulatedTaskReport[];
  readonly endedMs: number;
  readonly #run: RunResult;
  readonly #names: ReadonlyMap<TaskId, string>;

  constructor(seed: number, tasks: readonly SimulatedTask[], run: RunResult) {
    this.seed = seed;
    this.#run = run;
    this.#names = namesOf(tasks);
    this.tasks = tasks.map(({ name }, index) => reportOf(run, name, index));
    this.endedMs = this.tasks.reduce((last, { endedMs }) => Math.max(last, endedMs), 0);
  }

  task(name: string): SimulatedTaskReport {
    const found = this.tasks.find((task) => task.name === name);
    if (found === undefined) {
      const names = this.tasks.map((task) => `"${task.name}"`).join(", ");
      throw new RangeError(`Cannot report on "${name}": it is no task of the graph; there are ${names}`);
    }
    return found;
  }

  story(...names: readonly string[]): string {
    const wanted = names.map((name) => graphTaskId(this.tasks.indexOf(this.task(name))));
    return printStory(this.#run.story.about(names.length === 0 ? null : new Set(wanted)), this.#names);
  }
}

/** What the tasks of a graph are called. */
export function namesOf(tasks: readonly SimulatedTask[]): ReadonlyMap<TaskId, string> {
  return new Map(tasks.map(({ name }, index) => [graphTaskId(index), name]));
}

function reportOf({ world }: RunResult, name: string, index: number): SimulatedTaskReport {
  const client = [...world?.clients.values() ?? []].find(({ session }) => session === GRAPH_CLIENT);
  const task = client?.task(index) ?? null;
  if (world === null || task === null || task.outcome === null) {
    throw new TypeError(`Cannot report on "${name}": the run did not come to its end`);
  }
  const { outcome, told, settledAtMs } = task;
  return {
    name,
    outcome: outcome.kind === "done" ? "done" : "failed",
    ...errorOf(outcome),
    attempts: told?.attempts ?? 0,
    engine: told?.engine ?? null,
    startedMs: world.beganAtMs(graphTaskId(index)),
    endedMs: settledAtMs,
  };
}

function errorOf(outcome: TaskOutcome): { readonly error: string | null; readonly message: string | null } {
  if (outcome.kind === "done") return { error: null, message: null };
  if (outcome.kind === "threw") return { error: "RemoteError", message: null };
  return { error: outcome.error.name, message: outcome.error.message };
}
