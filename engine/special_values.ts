/**
 * What the special forms of arguments and captures make on an engine: one decoder for each task, with a case for each
 * kind.
 *
 * Only sends each kind to whoever knows it. Called by the task runner.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import type { DecodeSpecial } from "../wire/special_forms.ts";
import { inputValue } from "./input_values.ts";

/** What a task brings along that its forms refer to. */
export interface SpecialContext {
  /** The encoded results of other tasks that its arguments name. */
  readonly inputs: readonly Uint8Array[];
}

/** The decoder of one task. */
export function specialDecoder({ inputs }: SpecialContext): DecodeSpecial {
  const decode: DecodeSpecial = (kind, parts) => {
    switch (kind) {
      case "input":
        return inputValue(parts, inputs, decode);
      default:
        throw new SerializationError(
          `Cannot decode the value: it has a part of kind "${kind}", which means nothing here.`,
        );
    }
  };
  return decode;
}
