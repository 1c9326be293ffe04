/**
 * Name and message of an encoded error, read without building it: nothing of a task's comes to life here.
 *
 * For those who only show errors of others. Never throws. Called by the hub.
 * @module
 */
import { Decoder, ExtData } from "../deps/msgpack.ts";
import type { Payload } from "../protocol/task_spec.ts";
import { EXTENSION } from "./value_extensions.ts";

/** What an error says of itself. */
export interface ErrorSummary {
  readonly name: string;
  readonly message: string;
}

/** Longer messages are cut. */
const SHOWN_CHARACTERS = 1_000;

/** Knows none of our extensions, so they stay bytes. */
const decoder = new Decoder();

/** What was thrown, as far as it can be told from its bytes. */
export function errorSummary(payload: Payload): ErrorSummary {
  if (!(payload instanceof Uint8Array)) return { name: "Error", message: `(an error of ${payload.size} bytes)` };
  let value: unknown;
  try {
    value = decoder.decode(payload);
  } catch {
    return { name: "Error", message: "(its bytes can't be read)" };
  }
  const isError = Array.isArray(value) && value[0] instanceof ExtData && value[0].type === EXTENSION.markError;
  if (!isError) return { name: typeof value, message: cut(textOf(value)) };
  const [, name, message] = value as readonly unknown[];
  return {
    name: typeof name === "string" ? cut(name) : "Error",
    message: typeof message === "string" ? cut(message) : "",
  };
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? "(a value that is no error)" : String(value);
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
