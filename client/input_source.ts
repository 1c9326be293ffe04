/**
 * One result of another task that a task is to be given: named by its id, or brought along where the scheduler does not
 * know it.
 *
 * Made when arguments are encoded, or of what an old task was given; resolved by `input_values.ts` when the task is sent.
 * @module
 */
import type { EngineId, TaskId } from "../protocol/ids.ts";
import type { InputMessage, PayloadMessage } from "../protocol/messages.ts";
import { BigValue } from "./big_value.ts";
import type { Job } from "./job.ts";

/** The task that makes a result, where this client knows what becomes of it. */
export interface InputTask {
  readonly job: Job;
  readonly task: number;
  /** It is what the job makes of all its results together. */
  readonly whole: boolean;
}

export class InputSource {
  /** `null`: all that is known of it is its id, or its value. */
  readonly from: InputTask | null;
  /** What is brought along; `null`: it is named by its id. */
  value: Uint8Array | BigValue | null = null;
  readonly #id: TaskId | null;

  private constructor(from: InputTask | null, id: TaskId | null, value: Uint8Array | BigValue | null) {
    this.from = from;
    this.#id = id;
    this.value = value;
  }

  /** The result of a task of a job. */
  static from(job: Job, task: number): InputSource {
    return new InputSource({ job, task, whole: false }, null, null);
  }

  /** The result of a job that makes one of those of all its tasks. */
  static whole(job: Job): InputSource {
    return new InputSource({ job, task: 0, whole: true }, null, null);
  }

  /** The result of a task of which only the id is known. */
  static named(id: TaskId): InputSource {
    return new InputSource(null, id, null);
  }

  /** A result that is there. */
  static of(value: Uint8Array | BigValue): InputSource {
    return new InputSource(null, null, value);
  }

  /** `null`: its value alone is known. */
  get id(): TaskId | null {
    return this.from === null ? this.#id : this.from.job.taskId(this.from.task);
  }

  /** As it travels. Throws `TypeError` where its bytes are at no host yet. */
  get message(): InputMessage {
    const { value, id } = this;
    if (value === null && id !== null) return id;
    const message = value instanceof BigValue ? value.message : value;
    if (message === null) throw new TypeError(`Cannot send the result of "${id}": it is not placed yet.`);
    const maker = this.#maker;
    return message instanceof Uint8Array || maker === null ? message : [...message, maker];
  }

  /** The engine that has it at hand. */
  get #maker(): EngineId | null {
    return this.from === null ? null : this.from.job.report(this.from.task)?.engineId ?? null;
  }

  /** The same for one who knows no ids. Throws `TypeError` where it is named by its id. */
  get payload(): PayloadMessage {
    const { message } = this;
    if (typeof message === "string") throw new TypeError(`Cannot send the id "${message}" in the place of a result.`);
    return message instanceof Uint8Array ? message : [message[0], message[1], message[2]];
  }
}
