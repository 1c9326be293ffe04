/**
 * Reads a blob while it is still being written, so that it can travel on before it is complete.
 *
 * Its pace is that of its reader: what is not read yet is in the file, and all but the last of it not in memory. Has a descriptor of its own, so
 * the file may be renamed or removed meanwhile. Used by `ahead_values.ts` and `result_pushes.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { BlobFile } from "./blob_file.ts";

export class BlobFollower implements Disposable {
  readonly #blob: BlobFile;
  readonly #file: Deno.FsFile;
  #disposed = false;

  constructor(blob: BlobFile) {
    this.#blob = blob;
    this.#file = Deno.openSync(blob.path);
  }

  /** Resolves when so many bytes are there; `false`: they never will be, or this was disposed of. */
  async reaches(size: number): Promise<boolean> {
    while (!this.#disposed && !this.#blob.closed && this.#blob.size < size) await this.#blob.changed();
    return this.#isUsable && this.#blob.size >= size;
  }

  /** Resolves to the hash of its content, once that is known to be right; `null`: it never will be. */
  async whole(): Promise<ContentHash | null> {
    while (!this.#disposed && !this.#blob.closed) await this.#blob.changed();
    return this.#disposed ? null : this.#blob.whole;
  }

  /** Its hash, where it is complete and right by now. */
  get hash(): ContentHash | null {
    return this.#blob.whole;
  }

  /** The bytes from `offset` on, which must be there; they belong to others too. */
  read(offset: number, length: number): Uint8Array {
    const recent = this.#blob.recent(offset, length);
    if (recent !== null) return recent;
    const bytes = new Uint8Array(length);
    readFully(this.#file, bytes, offset);
    return bytes;
  }

  /** Fills `target` with the bytes from `offset` on; there must be so many. */
  readInto(target: Uint8Array, offset: number): void {
    const recent = this.#blob.recent(offset, target.length);
    if (recent !== null) target.set(recent);
    else readFully(this.#file, target, offset);
  }

  /** Whoever waits is told that nothing comes any more. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#file.close();
    this.#blob.wake();
  }

  get #isUsable(): boolean {
    return !this.#disposed && (!this.#blob.closed || this.#blob.whole !== null);
  }
}

/** Fills `target` from that offset of the file. Throws `RangeError` where the file ends before. */
export function readFully(file: Deno.FsFile, target: Uint8Array, offset: number): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < target.length;) {
    const count = file.readSync(target.subarray(at));
    if (count === null) throw new RangeError(`Cannot read a blob: its file was cut short by someone else`);
    at += count;
  }
}
