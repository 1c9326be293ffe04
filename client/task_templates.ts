/**
 * What tasks of one function and one set of flags share: made once, sent once a batch.
 *
 * Kept by identity of the function and of the flags object, so that a map of 100,000 tasks costs one; and cheap where
 * each of 100,000 tasks has flags of its own. Called by `submission.ts`.
 * @module
 */
import type { TemplateMessage } from "../protocol/messages.ts";
import type { TaskFlags } from "../protocol/task_spec.ts";
import { flagsToMessage } from "../wire/flags_message.ts";
import type { BigValue } from "./big_value.ts";
import { type AnyFunction, type FunctionCode, FunctionCodes } from "./function_code.ts";

/** One template. */
export interface TaskTemplateEntry {
  readonly code: FunctionCode;
  readonly flags: TaskFlags;
  /** As it travels, but for the captures. */
  readonly message: TemplateMessage;
  /** What the function was given beforehand, encoded; `null`: nothing. */
  readonly captures: Uint8Array | BigValue | null;
}

/** Templates of one flags object: most have one. */
interface FlagsTemplates {
  readonly first: TaskTemplateEntry;
  others: WeakMap<FunctionCode, TaskTemplateEntry> | null;
}

/** Templates for as long as their functions and flags live. */
export class TaskTemplates {
  readonly #codes = new FunctionCodes();
  readonly #byFlags = new WeakMap<TaskFlags, FlagsTemplates>();

  /** Throws `SerializationError` for a function that can't be shipped, `TypeError` for what is none. */
  of(f: AnyFunction, flags: TaskFlags, chunked: boolean): TaskTemplateEntry {
    const code = chunked ? this.#codes.chunked(f) : this.#codes.single(f);
    const known = this.#byFlags.get(flags);
    if (known?.first.code === code) return known.first;
    const other = known?.others?.get(code);
    if (other !== undefined) return other;
    const made = newTemplate(code, flags);
    if (known === undefined) this.#byFlags.set(flags, { first: made, others: null });
    else (known.others ??= new WeakMap()).set(code, made);
    return made;
  }
}

function newTemplate(code: FunctionCode, flags: TaskFlags): TaskTemplateEntry {
  return { code, flags, message: [code.hash, code.name, flagsToMessage(flags), null], captures: null };
}
