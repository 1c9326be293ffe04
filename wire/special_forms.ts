/**
 * Values that only the two ends of a task know how to carry: functions, instances of registered classes, results of
 * other tasks, references to what an engine holds.
 *
 * Names and shapes only. The codec writes them as a mark and parts, and asks its caller what a value is made of and what
 * its parts make. Used by client and engine through the options of `value_codec.ts`.
 * @module
 */

/** What a special value is: the name of its mark. */
export type SpecialKind = "function" | "registered" | "input" | "reference";

/** What stands for a value on the way. */
export interface SpecialForm {
  readonly kind: SpecialKind;
  /** Values like any other, special ones among them. */
  readonly parts: readonly unknown[];
}

/**
 * What stands for a function, or for an object that is neither plain nor an array; `null`: nothing does, and it is
 * treated as without. May throw `SerializationError`.
 */
export type EncodeSpecial = (value: object) => SpecialForm | null;

/** The value of a form. Parts come from anywhere: it checks them, and throws `SerializationError`, or `ReferenceError` for a name that is not there. */
export type DecodeSpecial = (kind: SpecialKind, parts: readonly unknown[]) => unknown;
