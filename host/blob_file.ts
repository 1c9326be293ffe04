/**
 * A blob on its way into the folder: appended to a file and hashed as it grows, so its size is no matter.
 *
 * Used by `blob_folder.ts`, and through it for results that arrive in pieces; `blob_follower.ts` reads it meanwhile.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { ContentHash } from "../protocol/ids.ts";

/** Of what was added last, so much is read from memory: whoever follows is mostly right behind. */
const RECENT_BYTES = 8 * 1024 * 1024;

/** Takes bytes in order. Must be finished or discarded. */
export class BlobFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash = createHash("sha256");
  readonly #waiting: (() => void)[] = [];
  readonly #recent: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #recentBytes = 0;
  #size = 0;
  #closed = false;
  #whole: ContentHash | null = null;

  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes, which must not change afterwards. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#hash.update(bytes);
    this.#recent.push({ offset: this.#size, bytes });
    this.#size += bytes.length;
    this.#recentBytes += bytes.length;
    while (this.#recentBytes > RECENT_BYTES) this.#recentBytes -= this.#recent.shift()?.bytes.length ?? 0;
    this.wake();
  }

  /** Bytes that were added lately, as they lie in memory; `null` where they have to be read from the file. */
  recent(offset: number, length: number): Uint8Array | null {
    const end = offset + length;
    const piece = this.#recent.find((each) => each.offset <= offset && end <= each.offset + each.bytes.length);
    return piece === undefined ? null : piece.bytes.subarray(offset - piece.offset, end - piece.offset);
  }

  /** Nothing is added any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The hash of its content, once that is known to be right; `null` before that, and for ever where it was discarded. */
  get whole(): ContentHash | null {
    return this.#whole;
  }

  /** Resolves at the next change: more bytes, or the end. */
  changed(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Lets those who wait look again. */
  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Closes the file; the hash of what is in it. Throws `RangeError` where another one is `expected`. */
  finish(expected?: ContentHash): ContentHash {
    const hash = this.#hash.digest("hex") as ContentHash;
    if (expected === undefined || hash === expected) this.#whole = hash;
    this.#close();
    if (this.#whole !== null) return hash;
    throw new RangeError(
      `Cannot store blob "${expected}": its ${this.#size} bytes have the hash "${hash}"; send it again`,
    );
  }

  /** Closes and removes it. */
  discard(): void {
    this.#close();
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #close(): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
    this.wake();
  }
}
