import assert from "node:assert/strict";
import { compareValues, compileQuery, compileSort } from "../../../hub/record_query.ts";
import { RecordSearch } from "../../../hub/record_search.ts";
import { newRecord, type TaskRecord } from "../../../hub/task_record.ts";
import {
  type ConditionMessage,
  type FieldValue,
  type Operand,
  QUERY_OPERATORS,
  RECORD_FIELDS,
  type RecordField,
} from "../../../protocol/records.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { globMatcher } from "../../../hub/glob.ts";
import { fc } from "../../../deps/fast_check.ts";
import { specOf } from "./given.ts";

/** The same said once more, by cases and regular expressions, for small values. */
function naive(value: FieldValue, [, operator, operand]: ConditionMessage): boolean {
  const elements: readonly Operand[] = Array.isArray(value) ? value : [value as Operand];
  const some = (test: (element: Operand) => boolean) => elements.some(test);
  const all = (test: (element: Operand) => boolean) => elements.every(test);
  const list = operand as readonly Operand[];
  const comparable = (element: Operand) => element !== null && typeof element === typeof operand;
  switch (operator) {
    case "$eq":
      return some((element) => element === operand);
    case "$ne":
      return all((element) => element !== operand);
    case "$in":
      return some((element) => list.includes(element));
    case "$nin":
      return all((element) => !list.includes(element));
    case "$lt":
      return some((element) => comparable(element) && (element as number) < (operand as number));
    case "$lte":
      return some((element) => comparable(element) && (element as number) <= (operand as number));
    case "$gt":
      return some((element) => comparable(element) && (element as number) > (operand as number));
    case "$gte":
      return some((element) => comparable(element) && (element as number) >= (operand as number));
    case "$glob":
      return some((element) => typeof element === "string" && toRegExp(String(operand)).test(element));
  }
}

function toRegExp(glob: string): RegExp {
  const body = [...glob].map((character) =>
    character === "*" ? ".*" : character === "?" ? "." : character.replace(/[\\^$.|+()[\]{}]/, "\\$&")
  );
  return new RegExp(`^${body.join("")}$`, "su");
}

const texts = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "."), maxLength: 4 });
const numbers = fc.integer({ min: -2, max: 2 });
const fields: RecordField[] = ["label", "priority", "targets", "after"];
const kinds: Record<string, fc.Arbitrary<string> | fc.Arbitrary<number>> = {
  label: texts,
  after: texts,
  priority: numbers,
  targets: numbers,
};

function valueOf(field: RecordField): fc.Arbitrary<FieldValue> {
  const one = kinds[field] as fc.Arbitrary<Operand>;
  const isList = RECORD_FIELDS[field] === "numbers" || RECORD_FIELDS[field] === "texts";
  const some: fc.Arbitrary<FieldValue> = isList ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
  return fc.option(some, { nil: null });
}

const conditions = fc.constantFrom(...fields).chain((field) => {
  const operators = QUERY_OPERATORS.filter((operator) => operator !== "$glob" || kinds[field] === texts);
  return fc.constantFrom(...operators).chain((operator): fc.Arbitrary<ConditionMessage> => {
    const one = kinds[field] as fc.Arbitrary<Operand>;
    const operand = operator === "$in" || operator === "$nin"
      ? fc.array(fc.option(one, { nil: null }), { maxLength: 3 })
      : operator === "$eq" || operator === "$ne"
      ? fc.option(one, { nil: null })
      : one;
    return operand.map((value) => [field, operator, value]);
  });
});

Deno.test("a query finds what a naive filter finds", () => {
  const record = fc.record(Object.fromEntries(fields.map((field) => [field, valueOf(field)])));
  fc.assert(
    fc.property(fc.array(conditions, { maxLength: 3 }), fc.array(record, { maxLength: 10 }), (query, records) => {
      const matches = compileQuery(query);
      for (const values of records) {
        const expected = query.every((condition) => naive(values[condition[0]] ?? null, condition));
        assert.equal(matches((field) => values[field] ?? null), expected);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a search gives the first of what was offered, in order, as a full sort would", () => {
  const sorts = fc.array(fc.tuple(fc.constantFrom<RecordField>("priority", "label"), fc.boolean()), { maxLength: 2 });
  const flags = fc.record({ priority: numbers, label: fc.option(texts, { nil: null }) });
  fc.assert(
    fc.property(sorts, fc.array(flags, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (sort, all, limit) => {
      const records = all.map((given, order): TaskRecord => newRecord(specOf(`s-${order}`, given), order, 0));
      const search = new RecordSearch([["priority", "$gte", -1]], sort, limit, 0);
      for (const record of records) search.offer(record);
      const value = ({ spec }: TaskRecord, field: RecordField) => spec.template.flags[field as "priority" | "label"];
      const expected = records.filter((record) => Number(value(record, "priority")) >= -1).sort((a, b) => {
        for (const [field, descending] of sort) {
          const order = compareValues(value(a, field), value(b, field));
          if (order !== 0) return descending ? -order : order;
        }
        return a.order - b.order;
      });
      assert.deepEqual(search.orders(), expected.slice(0, limit).map(({ order }) => order));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("null comes first, and the second field decides where the first is equal", () => {
  const compare = compileSort([["label", false], ["priority", true]]);
  const rows: FieldValue[][] = [["b", 1], [null, 1], ["a", 1], ["a", 2]];
  assert.deepEqual(rows.sort(compare), [[null, 1], ["a", 2], ["a", 1], ["b", 1]]);
});

Deno.test("patterns: any text, any character, sets and ranges, brackets that are never closed", () => {
  const cases: [string, string, boolean][] = [
    ["a*c", "abbc", true],
    ["a*c", "abbcd", false],
    ["*", "", true],
    ["?", "", false],
    ["a?c", "a😀c", true],
    ["[a-c]x", "bx", true],
    ["[a-c]x", "dx", false],
    ["[!a-c]x", "dx", true],
    ["[!a-c]x", "ax", false],
    ["[]]", "]", true],
    ["[a-]", "-", true],
    ["[abc", "[abc", true],
    ["a.c", "abc", false],
    ["*a*b*", "xxaxxbxx", true],
    ["**a", "ba", true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(globMatcher(pattern)(text), expected, `${pattern} on ${text}`);
  }
});

Deno.test("a pattern made to take for ever takes no time", () => {
  assert.equal(globMatcher("a*".repeat(30) + "b")("a".repeat(2_000)), false);
});

Deno.test("conditions and sorts that are none are refused", () => {
  const wrong: unknown[] = [
    null,
    "x",
    [["nothing", "$eq", 1]],
    [["label", "$like", "a"]],
    [["label", "$in", "a"]],
    [["label", "$eq", {}]],
    [["label", "$lt", null]],
    [["label", "$glob", 1]],
    [["label"]],
  ];
  for (const query of wrong) assert.throws(() => compileQuery(query), SerializationError);
  for (const sort of [null, [["label"]], [["nothing", true]], [["label", 1]]]) {
    assert.throws(() => compileSort(sort), SerializationError);
  }
  for (const limit of [-1, 1.5, 100_001, "1"]) {
    assert.throws(() => new RecordSearch([], [], limit, 0), SerializationError);
  }
});
