/**
 * The records of tasks as they are asked for: their fields, the operators of a query, and how both travel.
 *
 * Types and tables only. Queries are checked by the client and again by the hub, which answers them. Times travel as ms
 * since the hub began, so that they mean the same whatever the clocks say.
 * @module
 */
import type { TaskId } from "./ids.ts";
import type { StatusWord } from "./explanation.ts";
import type { InputMessage, PayloadMessage, TemplateMessage } from "./messages.ts";

/** What a field holds. A list is looked at element by element. */
export type FieldKind = "text" | "number" | "time" | "texts" | "numbers";

/** Every field of a record that can be asked for. */
export const RECORD_FIELDS = {
  msgId: "text",
  session: "text",
  name: "text",
  label: "text",
  status: "text",
  submitted: "time",
  started: "time",
  completed: "time",
  engineId: "number",
  engineUuid: "text",
  attempts: "number",
  retries: "number",
  priority: "number",
  timeout: "number",
  maxRuntime: "number",
  targets: "numbers",
  after: "texts",
  follow: "texts",
  stdout: "text",
  stderr: "text",
  error: "text",
} as const satisfies Readonly<Record<string, FieldKind>>;

/** The name of a field. */
export type RecordField = keyof typeof RECORD_FIELDS;

/** Whether a word names a field. */
export function isRecordField(name: unknown): name is RecordField {
  return typeof name === "string" && Object.hasOwn(RECORD_FIELDS, name);
}

/** The operators of a query. `$glob`: `*` any text, `?` any character, `[a-z]`, `[!a-z]` one of these, or none of them. */
export const QUERY_OPERATORS = ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in", "$nin", "$glob"] as const;

/** The name of an operator. */
export type QueryOperator = typeof QUERY_OPERATORS[number];

/** What a field is compared with. */
export type Operand = string | number | null;

/** One condition. Operands of `$in` and `$nin` are lists. */
export type ConditionMessage = readonly [
  field: RecordField,
  operator: QueryOperator,
  operand: Operand | readonly Operand[],
];

/** Sorted by this field, then by the next. */
export type SortMessage = readonly [field: RecordField, descending: boolean];

/** Records that one query finds at most. */
export const MAX_FOUND = 100_000;

/** Ids of the history in one reply at most. */
export const HISTORY_PAGE = 10_000;

/** Bytes of one reply of the hub, roughly: more is asked for again. */
export const REPLY_BYTES = 512 * 1024;

/** A value of a field. Times in ms since the hub began. `error` is `[name, message]`. */
export type FieldValue = Operand | readonly Operand[];

/** The values of the fields that were asked for, in their order; `null`: the record is gone. */
export type RecordMessage = readonly FieldValue[] | null;

/** Ids in order of submission. */
export type HistoryMessage = readonly [
  ids: readonly TaskId[],
  /** Where the rest begins; `null`: this was all. */
  next: number | null,
];

/** What is needed to submit tasks again. Fewer than were asked for where they would be too big for one reply. */
export type SpecsMessage = readonly [
  templates: readonly TemplateMessage[],
  /** In the order asked for; `null`: there is no record of it. */
  tasks: readonly (readonly [template: number, args: PayloadMessage, inputs?: readonly InputMessage[]] | null)[],
];

/** What happened to a task. `null`: there is no record of it. */
export type StoryMessage = readonly (readonly [at: number, text: string])[] | null;

/** What became of a request to forget tasks: the ids that are not finished, or not known. Both empty: it is done. */
export type PurgeMessage = readonly [pending: readonly TaskId[], unknown: readonly TaskId[]];

/** What is known of ids, in the order asked for. */
export type StatusWords = readonly StatusWord[];
