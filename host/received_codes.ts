/**
 * The code of functions that came to this host, by hash, each checked when it comes.
 *
 * A sender sends a code once in its life, so what came is kept, within a bound: what was used longest ago goes, and is
 * asked for again where it is needed after all. Used by the host's actor, and by the feed of each engine.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import type { BlobRef, Payload } from "../protocol/task_spec.ts";
import { contentHash } from "../wire/content_hash.ts";
import type { EngineRun } from "./engine_run.ts";

/** Bytes of code in memory: some 20,000 functions with what they import, or a few big bundles. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** What an entry takes besides its bytes, roughly. */
const ENTRY_BYTES = 256;

/** Where code comes from that is not here. */
export interface CodeSources {
  /** The bytes of a blob that a run needs. */
  fetch(ref: BlobRef, run: EngineRun): Promise<Uint8Array>;
  /** The code of a hash that was here once, or never came. */
  again(hash: ContentHash, run: EngineRun): Promise<Uint8Array>;
}

export class ReceivedCodes {
  readonly #sources: CodeSources;
  readonly #keptBytes: number;
  /** Longest unused first. */
  readonly #codes = new Map<ContentHash, Uint8Array | BlobRef>();
  #bytes = 0;

  constructor(sources: CodeSources, keptBytes: number = KEPT_BYTES) {
    this.#sources = sources;
    this.#keptBytes = keptBytes;
  }

  /** Bytes of all that is kept, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `RangeError` where the bytes have another hash. */
  add(hash: ContentHash, source: Payload): void {
    const known = this.#codes.get(hash);
    if (known instanceof Uint8Array) this.#keep(hash, known);
    else this.#keep(hash, source instanceof Uint8Array ? checked(hash, source.slice()) : source);
  }

  /** The bytes at once where they are here. Rejects where they can't be had. */
  get(hash: ContentHash, run: EngineRun): Uint8Array | Promise<Uint8Array> {
    const code = this.#codes.get(hash);
    if (code === undefined) return this.#bring(hash, this.#sources.again(hash, run));
    if (!(code instanceof Uint8Array)) return this.#bring(hash, this.#sources.fetch(code, run));
    this.#keep(hash, code);
    return code;
  }

  async #bring(hash: ContentHash, coming: Promise<Uint8Array>): Promise<Uint8Array> {
    const bytes = checked(hash, await coming);
    this.#keep(hash, bytes);
    return bytes;
  }

  /** As the one that was used last. */
  #keep(hash: ContentHash, code: Uint8Array | BlobRef): void {
    this.#forget(hash);
    this.#codes.set(hash, code);
    this.#bytes += sizeOf(code);
    for (const [oldest] of this.#codes) {
      if (this.#bytes <= this.#keptBytes || oldest === hash) return;
      this.#forget(oldest);
    }
  }

  #forget(hash: ContentHash): void {
    const code = this.#codes.get(hash);
    if (code === undefined) return;
    this.#codes.delete(hash);
    this.#bytes -= sizeOf(code);
  }
}

function sizeOf(code: Uint8Array | BlobRef): number {
  return ENTRY_BYTES + (code instanceof Uint8Array ? code.length : 0);
}

function checked(hash: ContentHash, bytes: Uint8Array): Uint8Array {
  const found = contentHash(bytes);
  if (found !== hash) throw new RangeError(`Cannot use code "${hash}": its bytes have the hash "${found}"`);
  return bytes;
}
