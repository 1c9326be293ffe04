/**
 * What tasks of one function and one set of flags share: made once, sent once a batch.
 *
 * Kept by identity of the function and of the flags object, so that a map of 100,000 tasks costs one. Called by `session.ts`.
 * @module
 */
import type { TemplateMessage } from "../protocol/messages.ts";
import type { TaskFlags } from "../protocol/task_spec.ts";
import { flagsToMessage } from "../wire/flags_message.ts";
import { type AnyFunction, type FunctionCode, FunctionCodes } from "./function_code.ts";

/** One template. */
export interface TaskTemplateEntry {
  readonly code: FunctionCode;
  /** As it travels. */
  readonly message: TemplateMessage;
}

/** Templates for as long as their functions and flags live. */
export class TaskTemplates {
  readonly #codes = new FunctionCodes();
  readonly #byFlags = new WeakMap<TaskFlags, WeakMap<FunctionCode, TaskTemplateEntry>>();

  /** Throws `SerializationError` for a function that can't be shipped, `TypeError` for what is none. */
  of(f: AnyFunction, flags: TaskFlags, chunked: boolean): TaskTemplateEntry {
    const code = chunked ? this.#codes.chunked(f) : this.#codes.single(f);
    let byCode = this.#byFlags.get(flags);
    if (byCode === undefined) this.#byFlags.set(flags, byCode = new WeakMap());
    let template = byCode.get(code);
    if (template === undefined) {
      const parts = [code.hash, code.name, flagsToMessage(flags), null] as const;
      template = { code, message: chunked ? [...parts, true] : parts };
      byCode.set(code, template);
    }
    return template;
  }
}
