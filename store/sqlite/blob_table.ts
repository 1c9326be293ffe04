/**
 * Bytes by their hash in SQLite. Synchronous; runs within transactions that `database.ts` opens.
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ContentHash } from "../../protocol/ids.ts";
import { contentHash, isContentHash } from "../../wire/content_hash.ts";

/** The blobs' part of a database. */
export class BlobTable {
  readonly #put: StatementSync;
  readonly #get: StatementSync;
  readonly #delete: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync) {
    this.#put = database.prepare("INSERT OR IGNORE INTO blobs(hash, bytes) VALUES(?, ?)");
    this.#get = database.prepare("SELECT bytes FROM blobs WHERE hash = ?");
    this.#delete = database.prepare("DELETE FROM blobs WHERE hash = ?");
    this.#list = database.prepare("SELECT hash FROM blobs ORDER BY sequence");
  }

  /** Keeps them, unless they are there and whole. */
  put(hash: ContentHash, bytes: Uint8Array): void {
    if (this.#put.run(hash, bytes).changes === 0 && this.get(hash) === null) {
      this.#delete.run(hash);
      this.#put.run(hash, bytes);
    }
  }

  /** `null`: not there, or damaged. */
  get(hash: ContentHash): Uint8Array | null {
    const bytes = this.#get.get(hash)?.bytes;
    return bytes instanceof Uint8Array && contentHash(bytes) === hash ? bytes : null;
  }

  /** Those that are not there are passed over. */
  delete(hashes: readonly ContentHash[]): void {
    for (const hash of hashes) this.#delete.run(hash);
  }

  /** In the order in which they were put. */
  list(): readonly ContentHash[] {
    return this.#list.all().map(({ hash }) => hash).filter(isContentHash);
  }
}
