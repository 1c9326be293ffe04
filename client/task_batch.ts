/**
 * Collects tasks into one message: each template once, code only where the receiver has not had it.
 *
 * Used by the queues to the scheduler and to hosts and by broadcasts, each of which knows what code a receiver has had.
 * @module
 */
import type { ContentHash, TaskId } from "../protocol/ids.ts";
import type { CodeMessage, PayloadMessage, TemplateMessage } from "../protocol/messages.ts";
import type { TaskFlags } from "../protocol/task_spec.ts";
import { BigValue } from "./big_value.ts";
import type { InputSource } from "./input_source.ts";
import type { PendingTask } from "./task_table.ts";
import { codesOf } from "./function_code.ts";
import type { TaskTemplateEntry } from "./task_templates.ts";

/** Tasks in one message at most: the first ones start while the others are still on their way. */
const BATCH_TASKS = 2_000;
/** Argument bytes in one message at most, but for a single task. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Below this a task takes about as much wherever it is, whatever it is given. */
const SHORT_BYTES = 1_024;
/** About what the id of a task takes. */
const ID_BYTES = 16;

/** Where a payload is to be found by the receiver; `null` while no host has it. */
function placed(payload: Uint8Array | BigValue): PayloadMessage | null {
  return payload instanceof BigValue ? payload.message : payload;
}

/** The part of a task that still has to be brought to a host; `null`: it can go. */
export function unplaced({ template, args, inputs }: PendingTask): BigValue | null {
  for (const { source } of codesOf(template.code)) {
    if (source instanceof BigValue && source.home === null) return source;
  }
  if (template.captures instanceof BigValue && template.captures.home === null) return template.captures;
  if (args instanceof BigValue && args.home === null) return args;
  for (const { value } of inputs ?? []) if (value instanceof BigValue && value.home === null) return value;
  return null;
}

/** A template as it travels, with what its function was given beforehand; that must be placed. */
export function templateMessage({ code, message, captures }: TaskTemplateEntry): TemplateMessage {
  if (captures === null) return message;
  const payload = placed(captures);
  if (payload === null) throw new TypeError(`Cannot send "${code.name}": what it captured is not placed yet.`);
  const [hash, name, flags, , ...more] = message;
  return [hash, name, flags, payload, ...more];
}

/** One message in the making. */
export class TaskBatch<Row> {
  readonly codes: CodeMessage[] = [];
  readonly templates: TemplateMessage[] = [];
  /** Of the templates. */
  readonly flags: TaskFlags[] = [];
  readonly rows: Row[] = [];
  /** Bytes that each task brings, by counter; what is short is left out. */
  readonly sizes: (readonly [counter: number, bytes: number])[] = [];
  /** The tasks that those in here name as inputs. */
  readonly inputIds: TaskId[] = [];
  readonly #known: ReadonlySet<ContentHash>;
  readonly #indexes = new Map<TaskTemplateEntry, number>();
  #last: TaskTemplateEntry | null = null;
  #lastIndex = 0;
  #bytes = 0;

  constructor(known: ReadonlySet<ContentHash>) {
    this.#known = known;
  }

  get full(): boolean {
    return this.rows.length >= BATCH_TASKS || this.#bytes >= BATCH_BYTES;
  }

  /** Adds a task whose payloads are placed, as what `row` makes of it. */
  add(task: PendingTask, row: (task: PendingTask, template: number, args: PayloadMessage) => Row): void {
    const args = placed(task.args);
    if (args === null) throw new TypeError(`Cannot send task ${task.counter}: its arguments are not placed yet.`);
    const before = this.#bytes;
    if (args instanceof Uint8Array) this.#bytes += args.length;
    for (const source of task.inputs ?? []) this.#count(source);
    this.rows.push(row(task, this.#indexOf(task.template), args));
    // With what its function captured, where no task before it brought that.
    if (this.#bytes - before >= SHORT_BYTES) this.sizes.push([task.counter, this.#bytes - before]);
  }

  #count({ value, id }: InputSource): void {
    this.#bytes += value instanceof Uint8Array ? value.length : ID_BYTES;
    if (value === null && id !== null) this.inputIds.push(id);
  }

  #indexOf(template: TaskTemplateEntry): number {
    if (template === this.#last) return this.#lastIndex;
    let index = this.#indexes.get(template);
    if (index === undefined) {
      index = this.templates.push(this.#messageOf(template)) - 1;
      this.flags.push(template.flags);
      this.#indexes.set(template, index);
      this.#addCode(template);
    }
    this.#last = template;
    return this.#lastIndex = index;
  }

  #messageOf(template: TaskTemplateEntry): TemplateMessage {
    const { message, flags, captures } = template;
    this.#bytes += ID_BYTES * ((flags.after?.ids.length ?? 0) + (flags.follow?.ids.length ?? 0));
    if (captures === null) return message;
    if (captures instanceof Uint8Array) this.#bytes += captures.length;
    return templateMessage(template);
  }

  #addCode({ code: { name }, code }: TaskTemplateEntry): void {
    for (const { hash, source } of codesOf(code)) {
      if (this.#known.has(hash) || this.codes.some(([known]) => known === hash)) continue;
      const payload = placed(source);
      if (payload === null) throw new TypeError(`Cannot send "${name}": its code is not placed yet.`);
      if (payload instanceof Uint8Array) this.#bytes += payload.length;
      this.codes.push([hash, payload]);
    }
  }
}
