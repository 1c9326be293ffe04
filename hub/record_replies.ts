/**
 * Records, specs and history as they travel: as many as fit in one reply, the rest is asked for again.
 *
 * Translates only. Called by the hub.
 * @module
 */
import type { TaskId } from "../protocol/ids.ts";
import type { TemplateMessage } from "../protocol/messages.ts";
import {
  type FieldValue,
  HISTORY_PAGE,
  type HistoryMessage,
  isRecordField,
  type RecordField,
  type RecordMessage,
  REPLY_BYTES,
  type SpecsMessage,
} from "../protocol/records.ts";
import type { TaskTemplate } from "../protocol/task_spec.ts";
import { isArray, isCount, isText, malformedMessage } from "../wire/message_checks.ts";
import { inputToMessage, payloadToMessage, templateToMessage } from "../wire/messages.ts";
import { errorOf, FIELD_READERS } from "./record_fields.ts";
import type { TaskRecord } from "./task_record.ts";
import type { TaskRecords } from "./task_records.ts";

/** What a value takes besides its text, roughly. */
const VALUE_BYTES = 10;

/** The fields `keys` of the records at these places: the first ones of them, at least one. */
export function recordsMessage(records: TaskRecords, orders: unknown, keys: unknown, origin: number): RecordMessage[] {
  if (!isArray(orders, 0) || !orders.every(isCount)) throw malformedMessage("records", orders);
  return rowsOf(orders, (order) => records.at(order), keys, origin);
}

/** The same of the records of these tasks. */
export function recordsOfMessage(records: TaskRecords, ids: unknown, keys: unknown, origin: number): RecordMessage[] {
  if (!isArray(ids, 0) || !ids.every(isText)) throw malformedMessage("records", ids);
  return rowsOf(ids, (id) => records.get(id as TaskId), keys, origin);
}

function rowsOf<Name>(
  names: readonly Name[],
  find: (name: Name) => TaskRecord | undefined,
  keys: unknown,
  origin: number,
): RecordMessage[] {
  if (!isArray(keys, 0) || !keys.every(isRecordField)) throw malformedMessage("records", keys);
  const rows: RecordMessage[] = [];
  let bytes = 0;
  for (const name of names) {
    if (bytes >= REPLY_BYTES) break;
    const record = find(name);
    const row = record === undefined ? null : keys.map((key: RecordField) => shown(key, record, origin));
    rows.push(row);
    bytes += row === null ? 1 : row.reduce<number>((sum, value) => sum + bytesOf(value), 0);
  }
  return rows;
}

/** What was asked for in these tasks: the first ones of them, at least one. */
export function specsMessage(records: TaskRecords, ids: unknown): SpecsMessage {
  if (!isArray(ids, 0) || !ids.every(isText)) throw malformedMessage("specs", ids);
  const templates: TemplateMessage[] = [];
  const indexes = new Map<TaskTemplate, number>();
  const tasks: SpecsMessage[1][number][] = [];
  let bytes = 0;
  for (const id of ids) {
    if (bytes >= REPLY_BYTES) break;
    const spec = records.get(id as TaskId)?.spec;
    if (spec === undefined) {
      tasks.push(null);
      continue;
    }
    const { template, args, inputs } = spec;
    let index = indexes.get(template);
    if (index === undefined) {
      index = templates.push(templateToMessage(template)) - 1;
      indexes.set(template, index);
      bytes += template.captures instanceof Uint8Array ? template.captures.length : VALUE_BYTES;
    }
    const row = [index, payloadToMessage(args)] as const;
    tasks.push(inputs === undefined ? row : [...row, inputs.map(inputToMessage)]);
    for (const input of inputs ?? []) bytes += input instanceof Uint8Array ? input.length + VALUE_BYTES : VALUE_BYTES;
    bytes += args instanceof Uint8Array ? args.length + VALUE_BYTES : VALUE_BYTES;
  }
  return [templates, tasks];
}

/** Ids in order of submission, from this place on. */
export function historyMessage(records: TaskRecords, from: unknown): HistoryMessage {
  if (!isCount(from)) throw malformedMessage("history", from);
  const ids: TaskId[] = [];
  for (const { spec, order } of records.from(from)) {
    if (ids.length === HISTORY_PAGE) return [ids, order];
    ids.push(spec.id);
  }
  return [ids, null];
}

function shown(key: RecordField, record: TaskRecord, origin: number): FieldValue {
  if (key !== "error") return FIELD_READERS[key](record, origin);
  const error = errorOf(record);
  return error === null ? null : [error.name, error.message];
}

function bytesOf(value: FieldValue): number {
  if (isArray(value, 0)) {
    return value.reduce<number>((sum, element) => sum + bytesOf(element as FieldValue), VALUE_BYTES);
  }
  return typeof value === "string" ? value.length + VALUE_BYTES : VALUE_BYTES;
}
