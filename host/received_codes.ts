/**
 * The code of functions that came to this host, by hash, each checked when it comes.
 *
 * A sender sends a code once in its life, so what came is kept as long as the host lives. Used by the host's actor, and
 * by the feed of each engine.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { BlobRef, Payload } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";

export class ReceivedCodes {
  readonly #fetch: (ref: BlobRef) => Promise<Uint8Array>;
  readonly #codes = new Map<ContentHash, Uint8Array | BlobRef>();

  constructor(fetch: (ref: BlobRef) => Promise<Uint8Array>) {
    this.#fetch = fetch;
  }

  /** Throws `RangeError` where the bytes have another hash. */
  add(hash: ContentHash, source: Payload): void {
    if (this.#codes.get(hash) instanceof Uint8Array) return;
    this.#codes.set(hash, source instanceof Uint8Array ? checked(hash, source.slice()) : source);
  }

  /** The bytes at once where they are here. Throws or rejects where they can't be had. */
  get(hash: ContentHash): Uint8Array | Promise<Uint8Array> {
    const code = this.#codes.get(hash);
    if (code === undefined) throw new RangeError(`Cannot find code "${hash}": no sender sent it to this host`);
    return code instanceof Uint8Array ? code : this.#bring(hash, code);
  }

  async #bring(hash: ContentHash, ref: BlobRef): Promise<Uint8Array> {
    const bytes = checked(hash, await this.#fetch(ref));
    this.#codes.set(hash, bytes);
    return bytes;
  }
}

function checked(hash: ContentHash, bytes: Uint8Array): Uint8Array {
  const found = contentHash(bytes);
  if (found !== hash) throw new RangeError(`Cannot use code "${hash}": its bytes have the hash "${found}"`);
  return bytes;
}
