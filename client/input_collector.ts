/**
 * Finds the results of other tasks in arguments while these are encoded, and says how they are put together there.
 *
 * What is there already and small stands in the arguments by its value; for the rest a place in a list of inputs does,
 * which the task brings along. The counterpart of `engine/input_values.ts`. Used by `submission.ts`.
 * @module
 */
import { ImpossibleDependency } from "../wire/errors.ts";
import type { SpecialForm } from "../wire/special_forms.ts";
import { AsyncResult } from "./async_result.ts";
import { InputSource } from "./input_source.ts";
import type { Job } from "./job.ts";

/** What the arguments of one task name, while they are encoded. */
export class InputCollector {
  #sources: InputSource[] = [];
  #firsts: Map<Job, number> | null = null;
  #obstacle: Error | null = null;

  /** What stands for a result; `null` for anything else. */
  formOf(value: object): SpecialForm | null {
    if (!(value instanceof AsyncResult)) return null;
    return { kind: "input", parts: this.#partsOf(AsyncResult.jobOf(value)) };
  }

  /** Forgets what an encoding that failed has left. */
  clear(): void {
    this.#sources = [];
    this.#firsts = null;
    this.#obstacle = null;
  }

  /** The inputs of what was encoded since the last time; undefined: none. Throws `ImpossibleDependency`. */
  take(): readonly InputSource[] | undefined {
    const sources = this.#sources;
    const obstacle = this.#obstacle;
    if (sources.length === 0 && obstacle === null) return undefined;
    this.clear();
    if (obstacle !== null) throw obstacle;
    return sources;
  }

  #partsOf(job: Job): readonly unknown[] {
    if (job.refused) this.#obstacle ??= refusedInput(job);
    if (job.isAllHere) return ["value", job.values()];
    const first = this.#firstOf(job);
    if (job.plan.shape) return ["one", first];
    const { scalar, chunksize } = job.plan;
    return scalar ? ["one", first] : ["list", first, job.taskCount, chunksize > 1];
  }

  /** A result that stands in several places is brought along once. */
  #firstOf(job: Job): number {
    const known = this.#firsts?.get(job);
    if (known !== undefined) return known;
    const first = this.#sources.length;
    if (job.plan.shape) this.#sources.push(InputSource.whole(job));
    else for (let task = 0; task < job.taskCount; task++) this.#sources.push(InputSource.from(job, task));
    (this.#firsts ??= new Map()).set(job, first);
    return first;
  }
}

function refusedInput(job: Job): ImpossibleDependency {
  const [, cause] = job.outcome(0) ?? [false, undefined];
  const why = cause instanceof Error ? ` (${cause.name}: ${cause.message})` : "";
  return new ImpossibleDependency(
    `Cannot run the task: one of its arguments is the result of task "${job.taskId(0)}", which failed before it was ` +
      `submitted${why}; mend that one, and submit both again.`,
    cause === undefined ? {} : { cause },
  );
}
