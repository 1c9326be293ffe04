/**
 * The results of other tasks in the arguments of one: decoded afresh wherever they stand, and put together as the client
 * says that they belong.
 *
 * The counterpart of `client/input_collector.ts`. Believes nothing about what it is told. Called by `special_values.ts`.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import type { DecodeSpecial } from "../wire/special_forms.ts";
import { decodeValue } from "../wire/value_codec.ts";

/**
 * `["value", value]`: known when the arguments were encoded. `["one", index]`: the result at this place.
 * `["list", first, count, chunked]`: so many from there on; `chunked`: each is a list of outcomes, and the items of all
 * make one list. Throws `SerializationError` for anything else.
 */
export function inputValue(
  parts: readonly unknown[],
  inputs: readonly EncodedValue[],
  special: DecodeSpecial,
): unknown {
  const [shape, first, count, chunked] = parts;
  if (shape === "value") return first;
  if (shape === "one") return decodeValue(inputAt(inputs, first), { special });
  if (shape !== "list" || typeof first !== "number" || typeof count !== "number") throw unreadable();
  if (first + count > inputs.length) throw unreadable();
  const values: unknown[] = [];
  for (let index = first; index < first + count; index++) {
    const value = decodeValue(inputAt(inputs, index), { special });
    if (chunked === true) addItems(values, value);
    else values[values.length] = value;
  }
  return values;
}

/** The items of a chunk, each as `[0, value]`. */
function addItems(values: unknown[], outcomes: unknown): void {
  if (!Array.isArray(outcomes)) throw unreadable();
  for (let index = 0; index < outcomes.length; index++) {
    const outcome: unknown = outcomes[index];
    if (!Array.isArray(outcome) || outcome[0] !== 0) throw unreadable();
    values[values.length] = outcome[1];
  }
}

function inputAt(inputs: readonly EncodedValue[], index: unknown): EncodedValue {
  const bytes = typeof index === "number" ? inputs[index] : undefined;
  if (bytes === undefined) throw unreadable();
  return bytes;
}

function unreadable(): SerializationError {
  return new SerializationError(
    "Cannot put the results of other tasks into the arguments: they are not what the arguments name; " +
      "do client and engine run the same version?",
  );
}
