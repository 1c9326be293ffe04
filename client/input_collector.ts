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

/** The results that a function was found to hold, in the order in which they are brought along. */
export interface CapturedInputs {
  readonly sources: readonly InputSource[];
  readonly firsts: ReadonlyMap<Job, number>;
}

/** What one task is given besides plain values, while that is encoded. */
export class InputCollector {
  #captured: CapturedInputs | null = null;
  /** Those of the function alone are shared by all its tasks, and never changed. */
  #sources: readonly InputSource[] = NO_SOURCES;
  /** Of those that are not the function's. */
  #firsts: Map<Job, number> | null = null;
  #obstacle: Error | null = null;

  /** What stands for a result; `null` for anything else. */
  formOf(value: object): SpecialForm | null {
    if (!(value instanceof AsyncResult)) return null;
    return { kind: "input", parts: this.#partsOf(AsyncResult.jobOf(value)) };
  }

  /** Forgets what was there before; what the function of the task holds comes first. */
  begin(captured: CapturedInputs | null = null): void {
    this.#captured = captured;
    this.#sources = captured?.sources ?? NO_SOURCES;
    this.#firsts = null;
    this.#obstacle = null;
  }

  /** The inputs of what was encoded since it began; undefined: none. Throws `ImpossibleDependency`. */
  take(): readonly InputSource[] | undefined {
    if (this.#obstacle !== null) throw this.#obstacle;
    return this.#sources.length === 0 ? undefined : this.#sources;
  }

  /** The same of a function. */
  takeCaptured(): CapturedInputs | null {
    const sources = this.take();
    return sources === undefined ? null : { sources, firsts: this.#firsts ?? new Map() };
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
    const known = this.#captured?.firsts.get(job) ?? this.#firsts?.get(job);
    if (known !== undefined) return known;
    const sources = this.#firsts === null ? [...this.#sources] : this.#sources as InputSource[];
    const first = sources.length;
    if (job.plan.shape) sources.push(InputSource.whole(job));
    else for (let task = 0; task < job.taskCount; task++) sources.push(InputSource.from(job, task));
    this.#sources = sources;
    (this.#firsts ??= new Map()).set(job, first);
    return first;
  }
}

const NO_SOURCES: readonly InputSource[] = [];

function refusedInput(job: Job): ImpossibleDependency {
  const [, cause] = job.outcome(0) ?? [false, undefined];
  const why = cause instanceof Error ? ` (${cause.name}: ${cause.message})` : "";
  return new ImpossibleDependency(
    `Cannot run the task: what it is given holds the result of task "${job.taskId(0)}", which failed before it was ` +
      `submitted${why}; mend that one, and submit both again.`,
    cause === undefined ? {} : { cause },
  );
}
