/**
 * What `dbQuery` takes and gives: queries, their options and records as users write and see them, checked at once.
 *
 * Pure. What is wrong is a `TypeError` or `RangeError` that names it and what is allowed. Called by `questions.ts`.
 * @module
 */
import type { TaskStatus } from "../protocol/outcome.ts";
import {
  type ConditionMessage,
  type FieldKind,
  isRecordField,
  MAX_FOUND,
  type Operand,
  QUERY_OPERATORS,
  type QueryOperator,
  RECORD_FIELDS,
  type RecordField,
  type SortMessage,
} from "../protocol/records.ts";
import { checkSignal } from "./ask_options.ts";
import { checkOptionNames, show } from "./flag_checks.ts";

/**
 * What the hub keeps of a task. Times are epoch ms of this machine's clock; `null`: not yet, or never.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 1 });
 * await using client = await cluster.connect();
 * await client.loadBalancedView().with({ label: "sum" }).map((x: number) => x + 1, [1, 2, 3]);
 * const records = await client.dbQuery({ label: { $glob: "s*" } }, { keys: ["status", "attempts"], limit: 1 });
 * console.log(records); // [ { status: "done", attempts: 1 } ]
 * ```
 */
export interface HubRecord {
  /** The task's id. */
  readonly msgId: string;
  /** The client that submitted it: the first part of the ids of its tasks. */
  readonly session: string;
  /** The function's name. */
  readonly name: string;
  /** The flag `label`. */
  readonly label: string | null;
  /** What it is doing, or how it ended. One that is in an engine's queue is `running` here. */
  readonly status: TaskStatus;
  /** When `apply` or `map` was called. */
  readonly submitted: number;
  /** When its last attempt started on the engine. */
  readonly started: number | null;
  /** When that attempt, or the task, ended. */
  readonly completed: number | null;
  /** Where it runs, or ran last. */
  readonly engineId: number | null;
  /** Which process of that engine. */
  readonly engineUuid: string | null;
  /** How often it was tried. */
  readonly attempts: number;
  /** The flag `retries`. */
  readonly retries: number;
  /** The flag `priority`. */
  readonly priority: number;
  /** The flag `timeout`, ms; 0: none. */
  readonly timeout: number;
  /** The flag `maxRuntime`, ms; 0: none. */
  readonly maxRuntime: number;
  /** The flag `targets`; `null`: any engine. */
  readonly targets: readonly number[] | null;
  /** The ids in the flag `after`; `null`: none. */
  readonly after: readonly string[] | null;
  /** The ids in the flag `follow`; `null`: none. */
  readonly follow: readonly string[] | null;
  /** What it printed; complete when it has ended. */
  readonly stdout: string;
  /** What it printed as errors and warnings. */
  readonly stderr: string;
  /** What it failed with. In a query it is the text `name: message`. */
  readonly error: { readonly name: string; readonly message: string } | null;
}

/** The fields that hold epoch ms. */
export type TimeField = "submitted" | "started" | "completed";

/** A value to compare a field with. Lists are compared element by element, times also with a `Date`. */
export type QueryValue<Field extends keyof HubRecord> =
  | (Field extends TimeField ? number | Date
    : Field extends "error" ? string
    : HubRecord[Field] extends readonly (infer Element)[] | null ? Element
    : HubRecord[Field])
  | null;

/** Several conditions on one field: all of them must hold. */
export interface QueryCondition<Value> {
  /** Equals. */
  readonly $eq?: Value;
  /** Differs. */
  readonly $ne?: Value;
  /** Is less. */
  readonly $lt?: Value;
  /** Is less, or equals. */
  readonly $lte?: Value;
  /** Is more. */
  readonly $gt?: Value;
  /** Is more, or equals. */
  readonly $gte?: Value;
  /** Equals one of these. */
  readonly $in?: readonly Value[];
  /** Equals none of these. */
  readonly $nin?: readonly Value[];
  /** Fits a pattern: `*` any text, `?` any character, `[a-z]` one of these, `[!a-z]` none of these. */
  readonly $glob?: string;
}

/**
 * Which records: all conditions must hold. A value alone means `$eq`.
 *
 * @example
 * ```ts
 * import type { RecordQuery } from "./record_query.ts";
 *
 * const slow: RecordQuery = {
 *   status: { $in: ["failed", "aborted"] },
 *   submitted: { $gt: Date.now() - 60_000 },
 *   label: { $glob: "night-*" },
 *   engineId: 3,
 * };
 * console.log(Object.keys(slow).length); // 4
 * ```
 */
export type RecordQuery = {
  readonly [Field in keyof HubRecord]?: QueryValue<Field> | QueryCondition<QueryValue<Field>>;
};

/** What to give of the records that were found. */
export interface QueryOptions<Key extends keyof HubRecord = keyof HubRecord> {
  /** Only these fields; default all. */
  readonly keys?: readonly Key[];
  /** By this field, `"-field"` for the greatest first, or by several; default: the order of submission. */
  readonly sort?: string | readonly string[];
  /** The first so many of them, 1 to 100,000; default 10,000. */
  readonly limit?: number;
  /** Ends the waiting, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options with every default filled in. */
export interface ResolvedQuery {
  readonly keys: readonly RecordField[];
  readonly sort: readonly SortMessage[];
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

const DEFAULT_LIMIT = 10_000;
const FIELDS = Object.keys(RECORD_FIELDS) as RecordField[];
const STATUSES: readonly unknown[] = ["waiting", "ready", "running", "done", "failed", "aborted"];
const OPTIONS = ["keys", "sort", "limit", "signal"];

/** The conditions of a query; times are epoch ms. Throws `TypeError` and `RangeError`. */
export function checkQuery(query: unknown): ConditionMessage[] {
  const example = 'a query is an object such as { status: "failed" }';
  if (!isObject(query)) throw new TypeError(`Cannot query the records with ${show(query)}: ${example}.`);
  return Object.entries(query).flatMap(([name, condition]) => {
    const field = checkField(name, "Cannot query the records by");
    return conditionsOn(field, condition);
  });
}

/** Throws `TypeError` and `RangeError`. */
export function checkQueryOptions(options: unknown): ResolvedQuery {
  checkOptionNames("query the records", options, OPTIONS);
  const { keys = FIELDS, sort = [], limit = DEFAULT_LIMIT, signal } = options as Readonly<Record<string, unknown>>;
  return { keys: checkKeys(keys), sort: checkSort(sort), limit: checkLimit(limit), signal: checkSignal(signal) };
}

function checkKeys(keys: unknown): readonly RecordField[] {
  if (!Array.isArray(keys)) throw new TypeError(`Cannot give the fields ${show(keys)}: keys is a list of names.`);
  if (keys.length === 0) throw new RangeError("Cannot give no fields at all: name some in keys, or leave it out.");
  return keys.map((key) => checkField(key, "Cannot give the field"));
}

function checkSort(sort: unknown): SortMessage[] {
  const list: readonly unknown[] = Array.isArray(sort) ? sort : [sort];
  return list.map((entry): SortMessage => {
    if (typeof entry !== "string") {
      throw new TypeError(`Cannot sort by ${show(entry)}: sort is a field, "-field", or a list of these.`);
    }
    const descending = entry.startsWith("-");
    const field = checkField(descending ? entry.slice(1) : entry, "Cannot sort by");
    if (isListKind(RECORD_FIELDS[field])) throw new TypeError(`Cannot sort by "${field}": it holds lists.`);
    return [field, descending];
  });
}

function checkLimit(limit: unknown): number {
  const allowed = `limit is a whole number from 1 to ${MAX_FOUND}.`;
  if (typeof limit !== "number") throw new TypeError(`Cannot give ${show(limit)} records: ${allowed}`);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_FOUND) return limit;
  throw new RangeError(`Cannot give ${limit} records: ${allowed}`);
}

function checkField(name: unknown, what: string): RecordField {
  if (isRecordField(name)) return name;
  throw new TypeError(`${what} ${show(name)}: there is no such field; there are ${FIELDS.join(", ")}.`);
}

function conditionsOn(field: RecordField, condition: unknown): ConditionMessage[] {
  if (!isObject(condition)) return [[field, "$eq", operandOf(field, "$eq", condition)]];
  const entries = Object.entries(condition);
  if (entries.length === 0) {
    throw new TypeError(`Cannot query by "${field}": its condition is empty; give a value, or { $gt: 1 }, say.`);
  }
  return entries.map(([operator, operand]): ConditionMessage => {
    const known = checkOperator(field, operator);
    const isSet = known === "$in" || known === "$nin";
    return [field, known, isSet ? operandsOf(field, known, operand) : operandOf(field, known, operand)];
  });
}

function checkOperator(field: RecordField, operator: string): QueryOperator {
  const known = QUERY_OPERATORS.find((name) => name === operator);
  if (known !== undefined) return known;
  throw new TypeError(
    `Cannot query by "${field}" with "${operator}": there is no such operator; there are ${
      QUERY_OPERATORS.join(", ")
    }.`,
  );
}

function operandsOf(field: RecordField, operator: QueryOperator, operands: unknown): Operand[] {
  if (Array.isArray(operands)) return operands.map((operand) => operandOf(field, operator, operand));
  throw new TypeError(`Cannot query by "${field}" with ${operator} ${show(operands)}: it takes a list of values.`);
}

function operandOf(field: RecordField, operator: QueryOperator, operand: unknown): Operand {
  const kind = operator === "$glob" ? "text" : RECORD_FIELDS[field];
  const isText = kind === "text" || kind === "texts";
  const refuse = (Kind: typeof TypeError | typeof RangeError, allowed: string) =>
    new Kind(`Cannot query by "${field}" with ${operator} ${show(operand)}: ${allowed}.`);
  if (operator === "$glob" && !isTextKind(RECORD_FIELDS[field])) throw refuse(TypeError, "it is no text");
  if (operand === null) {
    if (["$eq", "$ne", "$in", "$nin"].includes(operator)) return null;
    throw refuse(TypeError, "null is neither less nor more than anything; use $eq or $ne");
  }
  const value = kind === "time" && operand instanceof Date ? operand.getTime() : operand;
  if (isText ? typeof value !== "string" : typeof value !== "number") throw refuse(TypeError, allowedBy(kind));
  if (Number.isNaN(value)) throw refuse(RangeError, "nothing is like NaN");
  const isWord = field === "status" && ["$eq", "$ne", "$in", "$nin"].includes(operator);
  if (isWord && !STATUSES.includes(value)) throw refuse(RangeError, `it is one of ${STATUSES.join(", ")}`);
  return value as Operand;
}

function allowedBy(kind: FieldKind): string {
  if (isTextKind(kind)) return "it is compared with a string";
  return kind === "time" ? "it is compared with epoch ms or a Date" : "it is compared with a number";
}

function isTextKind(kind: FieldKind): boolean {
  return kind === "text" || kind === "texts";
}

function isListKind(kind: FieldKind): boolean {
  return kind === "texts" || kind === "numbers";
}

/** An object with conditions; a `Date` is a value. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
