/**
 * A blob on its way into the folder: appended to a file and hashed as it grows, so its size is no matter.
 *
 * Used by `blob_folder.ts`, and through it for results that arrive in pieces.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import type { ContentHash } from "../protocol/ids.ts";

/** Takes bytes in order. Must be finished or discarded. */
export class BlobFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash = createHash("sha256");
  #size = 0;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Closes the file; the hash of what is in it. */
  finish(): ContentHash {
    this.#close();
    return this.#hash.digest("hex") as ContentHash;
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
  }
}
