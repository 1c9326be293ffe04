/**
 * Decides, when a task is sent, which of its inputs are named by their ids and which are brought along, and encodes those.
 *
 * The scheduler knows the results of balanced tasks that ended in its life. What it does not know (direct tasks, the
 * scheme `pure`, an earlier life) is there already: `input_gate.ts` has waited for it. A big result stays on the host that
 * has it. Used by the queues.
 * @module
 */
import { type HostId, type TaskId, wayOf } from "../protocol/ids.ts";
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { ImpossibleDependency } from "../wire/errors.ts";
import type { EncodeSpecial } from "../wire/special_forms.ts";
import { encodeValue } from "../wire/value_codec.ts";
import { BigValue } from "./big_value.ts";
import type { EngineRoster } from "./engine_roster.ts";
import type { InputSource, InputTask } from "./input_source.ts";
import type { Job } from "./job.ts";
import type { PendingTask } from "./task_table.ts";

/** What it works with. */
export interface InputValuesOptions {
  readonly roster: EngineRoster;
  /** Whether the scheduler may not know what became of a balanced task that is settled here. */
  readonly isStale: (source: InputSource) => boolean;
  /** What stands for values of special forms. */
  readonly special: EncodeSpecial | null;
}

/** The inputs of one client's tasks. */
export class InputValues {
  readonly #options: InputValuesOptions;

  constructor(options: InputValuesOptions) {
    this.#options = options;
  }

  /** Makes the inputs ready to be sent. Throws where one can't be had; `byId`: the receiver may know some. */
  resolve({ inputs = [], job, task }: PendingTask, byId: boolean): void {
    for (const source of inputs) {
      const { from } = source;
      if (from === null) continue;
      if (byId && this.#isKnown(source, from)) source.value = null;
      else if (!succeeded(from)) throw impossibleInput(from, job.taskId(task));
      else if (!this.#isUsable(source.value)) source.value = this.#valueOf(from);
    }
  }

  /**
   * Whether the scheduler knows it, or will. A big one that is here is named by where it lies instead: that can't be
   * forgotten.
   */
  #isKnown(source: InputSource, from: InputTask): boolean {
    const { job, task } = from;
    if (!isScheduled(job)) return false;
    if (!job.isSettled(task) || !succeeded(from)) return true;
    return job.blobOf(task) === undefined && !this.#options.isStale(source);
  }

  #isUsable(value: InputSource["value"]): boolean {
    return value !== null && (!(value instanceof BigValue) || value.bytes !== null || this.#isThere(value.home));
  }

  #isThere(home: HostId | null): boolean {
    return home !== null && this.#options.roster.hosts.includes(home);
  }

  #valueOf({ job, task, whole }: InputTask): Uint8Array | BigValue {
    if (whole) return this.#encode(job.values(), job.taskId(task));
    const blob = job.blobOf(task);
    if (blob !== undefined && this.#isThere(blob.home)) return new BigValue(blob);
    const values = job.outcomesOf(task).map(([, value]) => value);
    // As its task gave it.
    const given = job.plan.chunksize > 1 ? values.map((value) => [0, value]) : values[0];
    return this.#encode(given, job.taskId(task));
  }

  #encode(value: unknown, id: TaskId): Uint8Array | BigValue {
    const bytes = encodeValue(value, { root: `result of "${id}"`, special: this.#options.special });
    return bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes) : bytes;
  }
}

/** Whether its tasks go through the scheduler under ids that it knows, and what their results look like is known. */
export function isScheduled({ plan }: Job): boolean {
  return plan.opaque !== true && !plan.shape && wayOf(plan.base) === "balanced";
}

function succeeded({ job, task, whole }: InputTask): boolean {
  return whole ? job.finished && job.failures === 0 : job.isSettled(task) && job.outcomesOf(task).every(([ok]) => ok);
}

function impossibleInput({ job, task }: InputTask, of: TaskId): ImpossibleDependency {
  const [, cause] = job.outcomesOf(task).find(([ok]) => !ok) ?? [false, undefined];
  const why = cause instanceof Error ? `it failed (${cause.name}: ${cause.message})` : "it has no result";
  return new ImpossibleDependency(
    `Cannot run task "${of}": one of its inputs wants task "${job.taskId(task)}" to succeed, and ${why}`,
    cause === undefined ? {} : { cause },
  );
}
