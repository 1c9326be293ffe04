/**
 * Brings blobs of other hosts into this host's folder, a piece at a time, each blob once however many ask for it.
 *
 * Knows no actors: how to ask another host is handed in. Used by the host's actor for arguments and code.
 * @module
 */
import type { ContentHash, HostId } from "../protocol/ids.ts";
import { BLOB_PIECE_BYTES } from "../protocol/roles.ts";
import type { BlobRef } from "../protocol/task_spec.ts";
import type { BlobFolder, BlobLease } from "./blob_folder.ts";

/** Asks a host for a piece of a blob. */
export type AskForPiece = (home: HostId, hash: ContentHash, offset: number, length: number) => Promise<Uint8Array>;

export class BlobFetcher {
  readonly #folder: BlobFolder;
  readonly #ask: AskForPiece;
  readonly #underWay = new Map<ContentHash, Promise<void>>();

  constructor(folder: BlobFolder, ask: AskForPiece) {
    this.#folder = folder;
    this.#ask = ask;
  }

  /** Holds the blob, fetching it first where it is not here. Rejects where its home can't give it. */
  async lease(ref: BlobRef): Promise<BlobLease> {
    // Between its arrival and this hold nothing else runs, so it can't be removed in between.
    while (!this.#folder.has(ref.hash)) await this.#fetchOnce(ref);
    return this.#folder.lease(ref.hash);
  }

  /** The whole blob in memory: for code. */
  async bytes(ref: BlobRef): Promise<Uint8Array> {
    const lease = await this.lease(ref);
    try {
      const all = new Uint8Array(lease.size);
      for (let at = 0; at < all.length; at += BLOB_PIECE_BYTES) all.set(lease.read(at, BLOB_PIECE_BYTES), at);
      return all;
    } finally {
      lease.release();
    }
  }

  #fetchOnce(ref: BlobRef): Promise<void> {
    const running = this.#underWay.get(ref.hash);
    if (running !== undefined) return running;
    const fetch = this.#fetch(ref).finally(() => this.#underWay.delete(ref.hash));
    this.#underWay.set(ref.hash, fetch);
    return fetch;
  }

  async #fetch({ hash, size, home }: BlobRef): Promise<void> {
    const file = this.#folder.create();
    try {
      // The next piece is on its way while this one is written.
      let next = this.#piece(home, hash, 0, size);
      next.catch(() => {});
      while (file.size < size) {
        const piece = await next;
        if (piece.length === 0) {
          throw new RangeError(`Cannot fetch blob "${hash}": "${home}" has only ${file.size} of ${size} bytes`);
        }
        const offset = file.size + piece.length;
        if (offset < size) {
          next = this.#piece(home, hash, offset, size);
          // Looked at in the next round; a failure before that is not unhandled.
          next.catch(() => {});
        }
        file.append(piece);
      }
    } catch (error) {
      file.discard();
      throw error;
    }
    this.#folder.adopt(file, hash);
  }

  #piece(home: HostId, hash: ContentHash, offset: number, size: number): Promise<Uint8Array> {
    return this.#ask(home, hash, offset, Math.min(BLOB_PIECE_BYTES, size - offset));
  }
}
