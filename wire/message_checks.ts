/**
 * The few questions asked of every element of a message from outside, and the error for a wrong answer.
 *
 * Called by the conversions in `messages.ts` and `flags_message.ts`, and by whoever takes other arrays of
 * `protocol/messages.ts` apart.
 * @module
 */
import { SerializationError } from "./errors.ts";

const SHOWN_CHARACTERS = 80;

/** An array of at least so many elements. */
export function isArray(value: unknown, minimum: number): value is readonly unknown[] {
  return Array.isArray(value) && value.length >= minimum;
}

/** A string. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** A whole number from 0: an index, a count, an id. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A finite number of ms from 0. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

/** The error for a message that isn't ours. */
export function malformedMessage(what: string, message: unknown): SerializationError {
  return new SerializationError(
    `Cannot read the ${what} message: ${sketch(message)} has not the form of one; is the sender of another version?`,
  );
}

/** A value in a few words; never calls into it. */
function sketch(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (!Array.isArray(value)) return typeof value === "object" && value !== null ? "an object" : String(value);
  const elements = value.slice(0, 6).map((element) => Array.isArray(element) ? "[…]" : sketch(element));
  const text = elements.join(", ").slice(0, SHOWN_CHARACTERS);
  return `[${text}${value.length > elements.length ? ", …" : ""}]`;
}
