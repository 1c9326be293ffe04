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
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import { BigValue } from "./big_value.ts";
import { type AnyFunction, type FunctionCode, FunctionCodes } from "./function_code.ts";
import type { FunctionShipping } from "./function_shipping.ts";
import type { ModuleRef } from "./shipped_text.ts";

/** One template. */
export interface TaskTemplateEntry {
  readonly code: FunctionCode;
  readonly flags: TaskFlags;
  /** As it travels, but for the captures. */
  readonly message: TemplateMessage;
  /** What the function captured, encoded; `null`: nothing. */
  readonly captures: Uint8Array | BigValue | null;
}

/** Templates of one flags object: most have one. */
interface FlagsTemplates {
  first: TaskTemplateEntry;
  others: WeakMap<FunctionCode, TaskTemplateEntry> | null;
}

/** Templates for as long as their functions and flags live. */
export class TaskTemplates {
  readonly #codes = new FunctionCodes();
  readonly #shipping: FunctionShipping;
  readonly #byFlags = new WeakMap<TaskFlags, FlagsTemplates>();
  /** Those of tasks whose arguments name modules, by these. */
  readonly #withModules = new WeakMap<TaskTemplateEntry, Map<string, TaskTemplateEntry>>();

  constructor(shipping: FunctionShipping) {
    this.#shipping = shipping;
  }

  /**
   * Throws `SerializationError` for a function that can't be shipped, or what it captured; `TypeError` for
   * what is none.
   */
  of(f: AnyFunction, flags: TaskFlags, chunked: boolean): TaskTemplateEntry {
    // With each submission: what it captured may have changed.
    const packed = this.#shipping.pack(f);
    const code = chunked ? this.#codes.chunked(f, packed) : this.#codes.single(f, packed);
    const bytes = packed.captures?.bytes ?? null;
    const known = this.#byFlags.get(flags);
    const template = known?.first.code === code ? known.first : known?.others?.get(code);
    return template !== undefined && areSame(template.captures, bytes)
      ? template
      : this.#make(code, flags, bytes, chunked);
  }

  /** The template for a task with functions among its arguments, which load these modules. */
  withModules(template: TaskTemplateEntry, modules: readonly ModuleRef[] = []): TaskTemplateEntry {
    if (modules.length === 0) return template;
    const key = modules.map(({ hash }) => hash).join();
    let known = this.#withModules.get(template);
    if (known === undefined) this.#withModules.set(template, known = new Map());
    let made = known.get(key);
    if (made === undefined) {
      made = this.#extended(template, modules);
      known.set(key, made);
    }
    return made;
  }

  #extended(template: TaskTemplateEntry, modules: readonly ModuleRef[]): TaskTemplateEntry {
    const code = this.#codes.withModules(template.code, modules);
    if (code === template.code) return template;
    return { ...template, code, message: messageOf(code, template.flags, template.message[4] === true) };
  }

  #make(code: FunctionCode, flags: TaskFlags, bytes: Uint8Array | null, chunked: boolean): TaskTemplateEntry {
    const captures = bytes !== null && bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes) : bytes;
    const message = messageOf(code, flags, chunked);
    const made: TaskTemplateEntry = { code, flags, message, captures };
    const known = this.#byFlags.get(flags);
    if (known === undefined) this.#byFlags.set(flags, { first: made, others: null });
    else if (known.first.code === code) known.first = made;
    else (known.others ??= new WeakMap()).set(code, made);
    return made;
  }
}

function messageOf(code: FunctionCode, flags: TaskFlags, chunked: boolean): TemplateMessage {
  const parts = [code.hash, code.name, flagsToMessage(flags), null] as const;
  if (code.modules !== undefined) return [...parts, chunked, code.modules.map(({ hash }) => hash)];
  return chunked ? [...parts, true] : parts;
}

function areSame(captures: Uint8Array | BigValue | null, bytes: Uint8Array | null): boolean {
  if (captures === null || bytes === null) return captures === bytes;
  const known = captures instanceof BigValue ? captures.bytes : captures;
  return known !== null && known === bytes ||
    known !== null && known.length === bytes.length && known.every((byte, index) => byte === bytes[index]);
}
