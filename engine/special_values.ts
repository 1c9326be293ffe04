/**
 * What special forms in arguments and captures make on an engine.
 *
 * Parts come from anywhere: they are checked. Given to the value codec by the task runner.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import type { SpecialKind } from "../wire/special_forms.ts";
import { ownNamespace } from "./namespace.ts";

/** The value of a form. Throws `SerializationError`, and `ReferenceError` for a name that is not there. */
export function decodeSpecial(kind: SpecialKind, parts: readonly unknown[]): unknown {
  switch (kind) {
    case "reference": {
      const [path] = parts;
      if (typeof path !== "string") throw new SerializationError("Cannot decode a reference: it names nothing.");
      return ownNamespace().pull([path])[0];
    }
    default:
      throw new SerializationError(`Cannot decode the value: it has a part of kind "${kind}", unknown here.`);
  }
}
