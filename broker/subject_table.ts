/**
 * Turns the bytes of a subject into text, once: most messages go to few subjects.
 *
 * A direct-mapped table over a hash of the bytes; a collision replaces the older entry, so its size is bounded and a
 * miss only costs the decoding. Knows nothing of subscriptions. Used by the protocol parser, one table for a broker.
 * @module
 */
import { isValidSubject } from "../bus/subject_tree.ts";

const SLOTS = 4_096;

/** A subject as it stood on a control line. */
export interface Subject {
  /** The subject itself. */
  readonly text: string;
  /** No wildcards, no empty tokens: fit for publishing. */
  readonly literal: boolean;
  /** No empty tokens. Only such a subject reaches anybody. */
  readonly routable: boolean;
}

interface Slot extends Subject {
  readonly bytes: Uint8Array;
}

/** Subjects by their bytes. */
export class SubjectTable {
  readonly #slots: (Slot | undefined)[] = new Array(SLOTS);
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** The subject in `buffer` from `start` to `end`; `undefined` where that is not UTF-8. */
  lookUp(buffer: Uint8Array, start: number, end: number): Subject | undefined {
    let hash = 0;
    for (let index = start; index < end; index++) hash = (Math.imul(hash, 31) + (buffer[index] ?? 0)) | 0;
    const position = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    const known = this.#slots[position];
    if (known !== undefined && equals(known.bytes, buffer, start, end)) return known;
    const text = this.decode(buffer, start, end);
    if (text === undefined) return undefined;
    const subject: Slot = {
      text,
      literal: isValidSubject(text),
      routable: isRoutable(text),
      bytes: buffer.slice(start, end),
    };
    this.#slots[position] = subject;
    return subject;
  }

  /** Text that will hardly come again; `undefined` where it is not UTF-8. */
  decode(buffer: Uint8Array, start: number, end: number): string | undefined {
    try {
      return this.#decoder.decode(buffer.subarray(start, end));
    } catch {
      return undefined;
    }
  }
}

function equals(known: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== buffer[start + index]) return false;
  return true;
}

function isRoutable(text: string): boolean {
  return text !== "" && !text.startsWith(".") && !text.endsWith(".") && !text.includes("..");
}
