/**
 * The texts of functions and classes that went out among values: for the stacks of errors that come from them.
 *
 * Keeps the last ones, and only what is in memory anyway while its function lives. What is no longer known stays in
 * stacks as it came. Filled by `function_shipping.ts`, read by `settlement.ts`.
 * @module
 */
import { contentHash } from "../wire/content_hash.ts";
import type { PlacedText } from "./function_shipping.ts";

const KEPT_TEXTS = 1_000;

/** One text as engines compile it, and the functions of this program that are in it. */
export interface SentText {
  readonly text: string;
  readonly parts: readonly PlacedText[];
}

/** Texts by their hashes, as engines write these into stacks. */
export class SentFunctions {
  /** The hash is made when somebody reads a stack; `null`: not yet. */
  readonly #texts = new Map<string, { readonly parts: readonly PlacedText[]; hash: string | null }>();

  /** Nothing is kept of a text of which no function can be placed. */
  add(text: string, parts: readonly PlacedText[]): void {
    if (parts.length === 0 || this.#texts.has(text)) return;
    if (this.#texts.size >= KEPT_TEXTS) {
      for (const oldest of this.#texts.keys()) {
        this.#texts.delete(oldest);
        break;
      }
    }
    this.#texts.set(text, { parts, hash: null });
  }

  /** The text whose hash begins so. */
  find(hash: string): SentText | null {
    for (const [text, known] of this.#texts) {
      known.hash ??= contentHash(new TextEncoder().encode(text));
      if (known.hash.startsWith(hash)) return { text, parts: known.parts };
    }
    return null;
  }
}
