/**
 * What stands for values that MessagePack has no word for and only an engine can make something of.
 *
 * Given to the value codec wherever arguments and captures are encoded.
 * @module
 */
import type { SpecialForm } from "../wire/special_forms.ts";
import { Reference } from "./reference.ts";

/** The form of a value; `null`: it has none. */
export function encodeSpecial(value: object): SpecialForm | null {
  if (value instanceof Reference) return { kind: "reference", parts: [value.name] };
  return null;
}
