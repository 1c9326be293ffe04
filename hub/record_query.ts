/**
 * Whether a record is one of those asked for, and which of two comes first: pure functions of field values.
 *
 * A list fits where one of its elements does; `$ne` and `$nin` want all of them to differ. `null` is less than all else,
 * equals itself, and is never compared otherwise. Called by the hub with conditions that a client checked; wrong ones
 * throw `SerializationError`.
 * @module
 */
import {
  type ConditionMessage,
  type FieldValue,
  isRecordField,
  type Operand,
  QUERY_OPERATORS,
  type QueryOperator,
  type RecordField,
  type SortMessage,
} from "../protocol/records.ts";
import { isArray, malformedMessage } from "../wire/message_checks.ts";
import { globMatcher } from "./glob.ts";

/** Gives the value of a field of the record in question. */
export type FieldsOf = (field: RecordField) => FieldValue;

type Test = (value: Operand) => boolean;

/** A function that tells whether all the conditions hold. */
export function compileQuery(conditions: unknown): (fields: FieldsOf) => boolean {
  if (!isArray(conditions, 0)) throw malformedMessage("query", conditions);
  const tests = conditions.map(compileCondition);
  return (fields) => tests.every((test) => test(fields));
}

/** A comparison by these fields; 0 where they are equal. */
export function compileSort(sort: unknown): (a: readonly FieldValue[], b: readonly FieldValue[]) => number {
  const signs = sortFields(sort).map(([, descending]) => descending ? -1 : 1);
  return (a, b) => {
    // No iterator: a search compares millions of times.
    for (let index = 0; index < signs.length; index++) {
      const order = compareValues(a[index] ?? null, b[index] ?? null);
      if (order !== 0) return order * (signs[index] ?? 1);
    }
    return 0;
  };
}

/** The fields to sort by, checked. */
export function sortFields(sort: unknown): readonly SortMessage[] {
  if (isArray(sort, 0) && sort.every(isSort)) return sort;
  throw malformedMessage("sort", sort);
}

function isSort(message: unknown): message is SortMessage {
  return isArray(message, 2) && isRecordField(message[0]) && typeof message[1] === "boolean";
}

/** `null` first, then numbers and texts by their natural order. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compileCondition(message: unknown): (fields: FieldsOf) => boolean {
  if (!isCondition(message)) throw malformedMessage("query", message);
  const [field, operator, operand] = message;
  const test = testOf(operator, operand);
  if (test === null) throw malformedMessage("query", message);
  const isNegative = operator === "$ne" || operator === "$nin";
  return (fields) => {
    const value = fields(field);
    if (!isList(value)) return test(value);
    return isNegative ? value.every(test) : value.some(test);
  };
}

function isCondition(message: unknown): message is ConditionMessage {
  return isArray(message, 3) && isRecordField(message[0]) &&
    (QUERY_OPERATORS as readonly unknown[]).includes(message[1]);
}

function testOf(operator: QueryOperator, operand: unknown): Test | null {
  if (operator === "$in" || operator === "$nin") {
    if (!isArray(operand, 0)) return null;
    const wanted = new Set(operand);
    return operator === "$in" ? (value) => wanted.has(value) : (value) => !wanted.has(value);
  }
  if (operand !== null && typeof operand !== "string" && typeof operand !== "number") return null;
  if (operator === "$eq") return (value) => value === operand;
  if (operator === "$ne") return (value) => value !== operand;
  if (operator === "$glob") return typeof operand === "string" ? globTest(operand) : null;
  return operand === null ? null : orderTest(operator, operand);
}

function globTest(pattern: string): Test {
  const matches = globMatcher(pattern);
  return (value) => typeof value === "string" && matches(value);
}

function orderTest(operator: "$lt" | "$lte" | "$gt" | "$gte", operand: string | number): Test {
  const fits = { $lt: [-1], $lte: [-1, 0], $gt: [1], $gte: [0, 1] }[operator];
  return (value) => typeof value === typeof operand && fits.includes(compareValues(value, operand));
}

function isList(value: FieldValue): value is readonly Operand[] {
  return Array.isArray(value);
}
