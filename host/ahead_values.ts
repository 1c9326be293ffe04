/**
 * Values that go into an engine's process before the run they are for, while they still arrive here.
 *
 * Whoever uploads a value says for which engines it is. A run may use it only once all of it has gone into the pipe and
 * its hash was right. It is a favour: where a value is not wanted after all, or was pushed out by others, runs get what
 * they need as ever. Used by `engine_inputs.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { BlobFollower } from "./blob_follower.ts";

/** An engine keeps so many that no run has asked for. */
const MOST_VALUES = 2;

/** Puts a value into the pipe as it comes. Resolves to its number, or to `null` where it was not complete or not right. */
export type FeedValue = () => Promise<number | null>;

interface AheadValue {
  readonly blob: BlobFollower;
  readonly fed: Promise<number | null>;
}

export class AheadValues {
  readonly #drop: (value: number) => void;
  /** By the names of their uploads: their hashes are known in the end. */
  readonly #values = new Map<string, AheadValue>();

  /** `drop`: the process is to forget that value. */
  constructor(drop: (value: number) => void) {
    this.#drop = drop;
  }

  /** Begins with a value. Takes the follower over. */
  begin(upload: string, blob: BlobFollower, feed: FeedValue): void {
    if (this.#values.has(upload)) return blob[Symbol.dispose]();
    const fed = feed().finally(() => blob[Symbol.dispose]());
    // Whoever takes it sees the failure; nobody need take it.
    fed.catch(() => {});
    this.#values.set(upload, { blob, fed });
    const [oldest] = this.#values.keys();
    if (oldest !== undefined && this.#values.size > MOST_VALUES) this.#forget(oldest);
  }

  /** The value's number once it is there, which is the caller's then; `null`: it has to be sent. */
  async take(hash: ContentHash): Promise<number | null> {
    for (const [upload, { blob, fed }] of this.#values) {
      if (upload !== hash && blob.hash !== hash) continue;
      this.#values.delete(upload);
      return await fed;
    }
    return null;
  }

  /** The process is gone, or is to take nothing any more. */
  close(): void {
    for (const upload of [...this.#values.keys()]) this.#forget(upload);
  }

  #forget(upload: string): void {
    const value = this.#values.get(upload);
    this.#values.delete(upload);
    if (value === undefined) return;
    value.blob[Symbol.dispose]();
    value.fed.then((number) => number === null ? undefined : this.#drop(number), () => {});
  }
}
