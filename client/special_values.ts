/**
 * What stands for values that only client and engine know, in arguments: one encoder, which asks whoever knows a kind.
 *
 * Only asks one after the other. Made by `submission.ts`.
 * @module
 */
import type { EncodeSpecial } from "../wire/special_forms.ts";
import type { InputCollector } from "./input_collector.ts";

/** The encoder of arguments. */
export function specialEncoder(inputs: InputCollector): EncodeSpecial {
  return (value) => inputs.formOf(value);
}
