import assert from "node:assert/strict";
import { SpecialValues } from "../../../engine/special_values.ts";
import { SerializationError } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";

const INPUTS = [{ n: 1 }, [[0, "a"], [0, "b"]], [[0, "c"]], [[1, "wrong"]]].map((value) => encodeValue(value));
const decode = new SpecialValues().with(INPUTS).decode;

Deno.test("an input is decoded afresh wherever it stands", () => {
  const [first, second] = [decode("input", ["one", 0]), decode("input", ["one", 0])];
  assert.deepEqual([first, second], [{ n: 1 }, { n: 1 }]);
  assert.notEqual(first, second);
});

Deno.test("the results of a map make one list, with and without chunks", () => {
  assert.deepEqual(decode("input", ["list", 1, 2, false]), [[[0, "a"], [0, "b"]], [[0, "c"]]]);
  assert.deepEqual(decode("input", ["list", 1, 2, true]), ["a", "b", "c"]);
  assert.deepEqual(decode("input", ["list", 0, 0, true]), []);
});

Deno.test("what was known when it was encoded is the value itself", () => {
  assert.deepEqual(decode("input", ["value", [1, 2]]), [1, 2]);
  assert.deepEqual(
    new SpecialValues().decode("input", ["value", [1, 2]]),
    [1, 2],
    "also where a task brings none along",
  );
});

Deno.test("a form that names what is not there, or is no list of outcomes, is refused", () => {
  const forms = [["one", 9], ["one"], ["list", 0, 9, false], ["list", "0", 1], ["other"], [], ["list", 0, 1, true], [
    "list",
    3,
    1,
    true,
  ]];
  for (const parts of forms) assert.throws(() => decode("input", parts), SerializationError, JSON.stringify(parts));
  assert.throws(() => decode("reference", [1]), /it names nothing/);
});
