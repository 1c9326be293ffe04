/**
 * The big values of one host: files named by the hash of their content, in one temporary folder, within a bound.
 *
 * What nobody holds goes when room is needed, the longest unused first. Reads and writes a piece at a time, so a value
 * is never in memory as a whole. Used by the host's actor for `putBlob` and `getBlob`, and by the feed of each engine.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import { BLOB_PIECE_BYTES } from "../protocol/roles.ts";
import type { BlobRef } from "../protocol/task_spec.ts";
import { isContentHash } from "../wire/content_hash.ts";
import { BlobFile } from "./blob_file.ts";
import { BlobFollower, readFully } from "./blob_follower.ts";

const DEFAULT_LIMIT_BYTES = 4 * 1024 ** 3;
/** Uploads that were begun; the oldest is dropped past this. */
const MAX_UPLOADS = 256;

interface StoredBlob {
  readonly size: number;
  holders: number;
}

/** Keeps a blob from being removed, and reads it. */
export interface BlobLease {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
  /** Fills `target` with the bytes from `offset` on; there must be so many. */
  readInto(target: Uint8Array, offset: number): void;
  release(): void;
}

/** Where the folder is made, and how its name begins: whoever comes later must be able to tell whose it is. */
export interface BlobPlace {
  readonly parent: string;
  readonly prefix: string;
}

export interface BlobFolderOptions {
  /** The host that others ask for what is here. */
  readonly home: HostId;
  /** Bytes in all, default 4 GB. What is held may go beyond. */
  readonly limitBytes?: number;
  /** Default: the system's temporary folder, `troupe-blobs-…`. */
  readonly place?: BlobPlace;
}

export class BlobFolder implements Disposable {
  readonly path: string;
  readonly #home: HostId;
  readonly #limitBytes: number;
  /** Longest unused first. */
  readonly #blobs = new Map<ContentHash, StoredBlob>();
  readonly #uploads = new Map<string, BlobFile>();
  #bytes = 0;
  #files = 0;

  constructor(options: BlobFolderOptions) {
    this.#home = options.home;
    this.#limitBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES;
    const { place } = options;
    this.path = Deno.makeTempDirSync(
      place === undefined ? { prefix: "troupe-blobs-" } : { dir: place.parent, prefix: place.prefix },
    );
  }

  /** Bytes of all that is complete. */
  get bytes(): number {
    return this.#bytes;
  }

  has(hash: ContentHash): boolean {
    return this.#blobs.has(hash);
  }

  /** A file to write a new blob into; hand it to `adopt`, or discard it. */
  create(): BlobFile {
    return new BlobFile(`${this.path}/part-${++this.#files}`);
  }

  /** Takes in what was written. With `expected`, another content is refused with a `RangeError`. */
  adopt(file: BlobFile, expected?: ContentHash): BlobRef {
    const size = file.size;
    const hash = finished(file, expected);
    if (this.#blobs.has(hash)) {
      this.#touch(hash);
      file.discard();
    } else {
      Deno.renameSync(file.path, this.#pathOf(hash));
      this.#blobs.set(hash, { size, holders: 0 });
      this.#bytes += size;
      this.#makeRoom(hash);
    }
    return { hash, size, home: this.#home };
  }

  /** Stores bytes that are in memory. */
  store(bytes: Uint8Array): BlobRef {
    const file = this.create();
    try {
      file.append(bytes);
    } catch (error) {
      file.discard();
      throw error;
    }
    return this.adopt(file);
  }

  /**
   * A piece of an upload, which must not change afterwards. Pieces that are here already are passed over, so two senders
   * of one blob do not disturb each other. `name`: the hash, or a name that no other sender gives. The answer: the hash
   * once all is here, before `null`. Throws `RangeError` for a gap, a piece past `size`, and at the last piece for a wrong
   * hash.
   */
  put(name: string, size: number, offset: number, bytes: Uint8Array): ContentHash | null {
    const expected = isContentHash(name) ? name : null;
    if (expected === null && !isUploadName(name)) {
      throw new TypeError(
        `Cannot store blob "${String(name)}": that is not a SHA-256 in hex, and no "<sender>#<number>"`,
      );
    }
    if (expected !== null && this.#blobs.has(expected)) {
      this.#touch(expected);
      return expected;
    }
    const upload = this.#uploads.get(name) ?? this.#beginUpload(name);
    if (!(offset >= 0 && offset <= upload.size) || offset + bytes.length > size) {
      throw new RangeError(
        `Cannot store piece ${offset} of blob "${name}": ${upload.size} of ${size} bytes are here; go on there`,
      );
    }
    const fresh = bytes.subarray(upload.size - offset);
    if (fresh.length > 0) this.#append(name, upload, fresh);
    if (upload.size < size) return null;
    this.#uploads.delete(name);
    return this.adopt(upload, expected ?? undefined).hash;
  }

  /** Reads an upload that is under way; `null`: there is none. Must be disposed of. */
  follow(name: string): BlobFollower | null {
    const upload = this.#uploads.get(name);
    return upload === undefined ? null : new BlobFollower(upload);
  }

  /** At most `length` bytes (and at most `BLOB_PIECE_BYTES`) from `offset`. Throws `RangeError` for an unknown blob. */
  read(hash: ContentHash, offset: number, length: number): Uint8Array {
    const blob = this.#known(hash);
    this.#touch(hash);
    if (!(offset >= 0 && length >= 0)) {
      throw new RangeError(`Cannot read ${length} bytes from ${offset}: both count from 0`);
    }
    const buffer = new Uint8Array(Math.max(0, Math.min(length, BLOB_PIECE_BYTES, blob.size - offset)));
    this.#fill(buffer, hash, offset);
    return buffer;
  }

  #fill(buffer: Uint8Array, hash: ContentHash, offset: number): void {
    using file = Deno.openSync(this.#pathOf(hash));
    readFully(file, buffer, offset);
  }

  /** Holds a blob that is here. */
  lease(hash: ContentHash): BlobLease {
    const blob = this.#known(hash);
    blob.holders++;
    let held = true;
    return {
      size: blob.size,
      read: (offset, length) => this.read(hash, offset, length),
      readInto: (target, offset) => this.#fill(target, hash, offset),
      release: () => {
        if (held) blob.holders--;
        held = false;
      },
    };
  }

  /** Removes the folder and all in it. */
  [Symbol.dispose](): void {
    for (const upload of this.#uploads.values()) upload.discard();
    this.#uploads.clear();
    this.#blobs.clear();
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** What does not fit takes no room either. */
  #append(name: string, upload: BlobFile, bytes: Uint8Array): void {
    try {
      upload.append(bytes);
    } catch (error) {
      this.#uploads.delete(name);
      upload.discard();
      throw error;
    }
  }

  #beginUpload(name: string): BlobFile {
    const [oldest] = this.#uploads;
    if (oldest !== undefined && this.#uploads.size >= MAX_UPLOADS) {
      this.#uploads.delete(oldest[0]);
      oldest[1].discard();
    }
    const upload = this.create();
    this.#uploads.set(name, upload);
    return upload;
  }

  #known(hash: ContentHash): StoredBlob {
    const blob = this.#blobs.get(hash);
    if (blob !== undefined) return blob;
    throw new RangeError(`Cannot read blob "${hash}": host "${this.#home}" does not have it (any more)`);
  }

  #touch(hash: ContentHash): void {
    const blob = this.#blobs.get(hash);
    if (blob === undefined) return;
    this.#blobs.delete(hash);
    this.#blobs.set(hash, blob);
  }

  #makeRoom(newest: ContentHash): void {
    if (this.#bytes <= this.#limitBytes) return;
    for (const [hash, blob] of this.#blobs) {
      if (blob.holders > 0 || hash === newest) continue;
      Deno.removeSync(this.#pathOf(hash));
      this.#blobs.delete(hash);
      this.#bytes -= blob.size;
      if (this.#bytes <= this.#limitBytes) return;
    }
  }

  #pathOf(hash: ContentHash): string {
    return `${this.path}/${hash}`;
  }
}

/** A sender's own name for what it uploads; never a part of a file's name. */
function isUploadName(name: unknown): boolean {
  return typeof name === "string" && /^[\w-]{1,64}#\d{1,16}$/.test(name);
}

function finished(file: BlobFile, expected: ContentHash | undefined): ContentHash {
  try {
    return file.finish(expected);
  } catch (error) {
    file.discard();
    throw error;
  }
}
