/**
 * Checks of single values that users give: each returns the value as what it is, or throws an error that names it.
 *
 * `TypeError` for the wrong type, `RangeError` for a value out of range. Called by `task_flags.ts` and by whatever else
 * in this folder takes options.
 * @module
 */

/** The error for flag `name`: what it is and what is allowed. */
export function refuse(
  Kind: typeof TypeError | typeof RangeError,
  name: string,
  value: unknown,
  allowed: string,
): Error {
  return new Kind(`Cannot set the flag "${name}" to ${show(value)}: allowed is ${allowed}.`);
}

/** A number, within the bounds. */
export function checkNumber(name: string, value: unknown, min = -Infinity, max = Infinity): number {
  const allowed = `a number${bounds(min, max)}`;
  if (typeof value !== "number") throw refuse(TypeError, name, value, allowed);
  if (!Number.isFinite(value) || value < min || value > max) throw refuse(RangeError, name, value, allowed);
  return value;
}

/** An integer of at least `min`. */
export function checkInteger(name: string, value: unknown, min: number): number {
  const allowed = `an integer from ${min}`;
  if (typeof value !== "number") throw refuse(TypeError, name, value, allowed);
  if (!Number.isSafeInteger(value) || value < min) throw refuse(RangeError, name, value, allowed);
  return value;
}

/** A duration; 0 is allowed. */
export function checkMilliseconds(name: string, value: unknown): number {
  const allowed = "milliseconds, a number from 0";
  if (typeof value !== "number") throw refuse(TypeError, name, value, allowed);
  if (!Number.isFinite(value) || value < 0) throw refuse(RangeError, name, value, allowed);
  return value;
}

/** `true` or `false`. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw refuse(TypeError, name, value, "true or false");
  return value;
}

function bounds(min: number, max: number): string {
  if (max !== Infinity) return ` from ${min} to ${max}`;
  return min === -Infinity ? "" : ` from ${min}`;
}

const SHOWN_ELEMENTS = 8;

/** A value in a few words. Of a list the first elements, of lists in it nothing. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, SHOWN_ELEMENTS).map((element) => Array.isArray(element) ? "[…]" : show(element));
    return `[${shown.join(", ")}${value.length > shown.length ? ", …" : ""}]`;
  }
  return typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : String(value);
}

/**
 * Throws `TypeError` for options that are no object, and for one that is not known: a typo would go unnoticed. `action` as
 * in `Cannot ${action} with option …`.
 */
export function checkOptionNames(action: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`Cannot ${action} with ${show(options)}: options are an object with ${known.join(", ")}.`);
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new TypeError(`Cannot ${action} with option "${unknown}": it is unknown; there are ${known.join(", ")}.`);
}
