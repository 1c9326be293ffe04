/**
 * The bytes of one control line: which verb it opens with, where its arguments are, what number one of them is.
 *
 * Pure functions over bytes, without strings. Used by the protocol parser alone.
 * @module
 */

/** Carriage return. */
export const CR = 13;
/** Line feed. */
export const LF = 10;
const SPACE = 32;
const TAB = 9;
const LOWER = 32;
const ZERO = 48;
const MAX_SIZE_DIGITS = 9;
const MOST_ARGUMENTS = 5;

/** What a client may send. `ignored`: lines that a server takes without a word; `complaint`: `-ERR` from a client. */
export type Verb =
  | "connect"
  | "ping"
  | "pong"
  | "pub"
  | "hpub"
  | "sub"
  | "unsub"
  | "ignored"
  | "complaint";

interface VerbRule {
  readonly match: { readonly verb: Verb; readonly length: number };
  readonly letters: Uint8Array;
  /** A blank must follow; else anything may. */
  readonly blankFollows: boolean;
}

function rule(verb: Verb, letters: string, blankFollows: boolean): VerbRule {
  return { match: { verb, length: letters.length }, letters: new TextEncoder().encode(letters), blankFollows };
}

/** The most frequent ones come first. */
const RULES: readonly VerbRule[] = [
  rule("pub", "pub", true),
  rule("hpub", "hpub", true),
  rule("sub", "sub", true),
  rule("unsub", "unsub", true),
  rule("ping", "ping", false),
  rule("pong", "pong", false),
  rule("connect", "connect", false),
  rule("ignored", "info", true),
  rule("ignored", "+ok", false),
  rule("complaint", "-err", false),
];

/** A verb and where its arguments start; `incomplete`: the bytes may still become one; `undefined`: they cannot. */
export type VerbMatch = { readonly verb: Verb; readonly length: number } | "incomplete" | undefined;

/** Reads the verb at `start`. With `whole`, the line ends at `end` and nothing is incomplete. */
export function matchVerb(buffer: Uint8Array, start: number, end: number, whole: boolean): VerbMatch {
  let incomplete = false;
  for (const candidate of RULES) {
    const { letters } = candidate;
    const common = commonLength(letters, buffer, start, end);
    if (common < letters.length) {
      if (start + common === end) incomplete = true;
      continue;
    }
    const after = start + letters.length;
    if (!candidate.blankFollows || (after < end && isBlank(buffer[after]))) return candidate.match;
    if (after === end) incomplete = true;
  }
  return incomplete && !whole ? "incomplete" : undefined;
}

function commonLength(letters: Uint8Array, buffer: Uint8Array, start: number, end: number): number {
  let count = 0;
  while (count < letters.length && start + count < end) {
    const byte = buffer[start + count] ?? 0;
    const lower = byte >= 65 && byte <= 90 ? byte | LOWER : byte;
    if (lower !== letters[count]) break;
    count++;
  }
  return count;
}

/** Where the first byte that is no blank stands, `end` where there is none. */
export function skipBlanks(buffer: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isBlank(buffer[position])) position++;
  return position;
}

/** The arguments of one line, as pairs of start and end; kept to be filled again. */
export class Arguments {
  /** How many there are; the places of the first few are known. */
  count = 0;
  readonly #bounds = new Int32Array(2 * MOST_ARGUMENTS);

  /** Splits at blanks; at carriage returns too where `splitAtReturns`. */
  split(buffer: Uint8Array, start: number, end: number, splitAtReturns: boolean): void {
    this.count = 0;
    let position = start;
    while (position < end) {
      if (separates(buffer[position], splitAtReturns)) {
        position++;
        continue;
      }
      const from = position;
      while (position < end && !separates(buffer[position], splitAtReturns)) position++;
      if (this.count < MOST_ARGUMENTS) {
        this.#bounds[2 * this.count] = from;
        this.#bounds[2 * this.count + 1] = position;
      }
      this.count++;
    }
  }

  /** Start of an argument. */
  start(index: number): number {
    return this.#bounds[2 * index] ?? 0;
  }

  /** End of an argument, exclusive. */
  end(index: number): number {
    return this.#bounds[2 * index + 1] ?? 0;
  }
}

/** A number of at most nine digits, -1 for anything else. */
export function parseSize(buffer: Uint8Array, start: number, end: number): number {
  const digits = end - start;
  if (digits < 1 || digits > MAX_SIZE_DIGITS) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = (buffer[index] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function separates(byte: number | undefined, splitAtReturns: boolean): boolean {
  return isBlank(byte) || (splitAtReturns && byte === CR);
}
