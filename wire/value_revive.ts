/**
 * Turns decoded arrays that begin with a mark into what they stand for: maps, sets, errors and the like.
 *
 * The counterpart of `value_walk.ts`. Runs only where a mark was seen, changes the fresh value in place, and believes
 * nothing about it. Called by `value_codec.ts`.
 * @module
 */
import { rebuildError } from "./error_value.ts";
import { SerializationError } from "./errors.ts";
import type { DecodeSpecial, SpecialKind } from "./special_forms.ts";
import { EXTENSION, Mark } from "./value_extensions.ts";

/** The value with all its marked arrays replaced. Throws `SerializationError` where they are not what the mark says. */
export function reviveMarks(value: unknown, special: DecodeSpecial | null = null): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return reviveArray(value, special);
  if (value instanceof Mark) throw misplaced();
  if (Object.getPrototypeOf(value) === Object.prototype) reviveProperties(value as Record<string, unknown>, special);
  return value;
}

function reviveArray(array: unknown[], special: DecodeSpecial | null): unknown {
  const [head] = array;
  const isMarked = head instanceof Mark;
  for (let index = isMarked ? 1 : 0; index < array.length; index++) {
    const item = array[index];
    if (typeof item === "object" && item !== null) array[index] = reviveMarks(item, special);
  }
  return isMarked ? build(head.type, array, special) : array;
}

function reviveProperties(record: Record<string, unknown>, special: DecodeSpecial | null): void {
  for (const key of Object.keys(record)) {
    const item = record[key];
    if (typeof item === "object" && item !== null) record[key] = reviveMarks(item, special);
  }
}

/** `parts[0]` is the mark. */
function build(type: number, parts: readonly unknown[], special: DecodeSpecial | null): unknown {
  switch (type) {
    case EXTENSION.markMap:
      return buildMap(parts);
    case EXTENSION.markSet:
      return new Set(parts.slice(1));
    case EXTENSION.markRegExp:
      return new RegExp(text(parts[1]), text(parts[2]));
    case EXTENSION.markUrl:
      return new URL(text(parts[1]));
    case EXTENSION.markBoxed:
      return Object(primitive(parts[1]));
    case EXTENSION.markError:
      return rebuildError(parts.slice(1));
    case EXTENSION.markObject:
      return buildObject(parts);
  }
  const kind = SPECIAL_KINDS.get(type);
  if (kind !== undefined) return buildSpecial(kind, parts.slice(1), special);
  throw new SerializationError(
    `Cannot decode the value: it has a part of kind ${type}, which this version doesn't know; was it encoded by a newer one?`,
  );
}

const SPECIAL_KINDS: ReadonlyMap<number, SpecialKind> = new Map([
  [EXTENSION.markFunction, "function"],
  [EXTENSION.markRegistered, "registered"],
  [EXTENSION.markInput, "input"],
  [EXTENSION.markReference, "reference"],
]);

function buildSpecial(kind: SpecialKind, parts: readonly unknown[], special: DecodeSpecial | null): unknown {
  if (special !== null) return special(kind, parts);
  throw new SerializationError(`Cannot decode the value: it has a part of kind "${kind}", which means nothing here.`);
}

function buildMap(parts: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  if (parts.length % 2 === 0) throw misplaced();
  for (let index = 1; index < parts.length; index += 2) map.set(parts[index], parts[index + 1]);
  return map;
}

/** Defines rather than assigns: `__proto__` becomes a property like any other. */
function buildObject(parts: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  if (parts.length % 2 === 0) throw misplaced();
  for (let index = 1; index < parts.length; index += 2) {
    const value = parts[index + 1];
    Object.defineProperty(object, text(parts[index]), { value, enumerable: true, writable: true, configurable: true });
  }
  return object;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw misplaced();
  return value;
}

function primitive(value: unknown): unknown {
  if (typeof value === "object" || value === undefined) throw misplaced();
  return value;
}

function misplaced(): SerializationError {
  return new SerializationError("Cannot decode the value: its parts are not where they belong; was it cut or changed?");
}
