/**
 * Blobs in JetStream: a folder of parts, each thing under its hash.
 *
 * What a hash says needs no fence when it is put. A deposed controller could delete, though, what its successor has begun
 * to refer to: a fenced message before each deletion proves that there is no successor yet.
 * @module
 */
import type { ContentHash } from "../../protocol/ids.ts";
import { contentHash, isContentHash } from "../../wire/content_hash.ts";
import type { Blobs } from "../blobs.ts";
import type { StoreHealth } from "../store_health.ts";
import { joinBytes } from "../../wire/join_bytes.ts";
import type { PartFolder } from "./part_folder.ts";

/** The blobs of one store. */
export class JetStreamBlobs implements Blobs {
  readonly #folder: PartFolder;
  readonly #health: StoreHealth;
  readonly #prove: () => Promise<unknown>;
  /** What is known to be there and whole: functions are put again and again. */
  readonly #known = new Set<ContentHash>();

  /** `prove` rejects once another leads. */
  constructor(folder: PartFolder, health: StoreHealth, prove: () => Promise<unknown>) {
    this.#folder = folder;
    this.#health = health;
    this.#prove = prove;
  }

  async put(hash: ContentHash, bytes: Uint8Array): Promise<void> {
    this.#health.check();
    if (this.#known.has(hash)) return;
    const copy = bytes.slice();
    if (await this.get(hash) === null) await this.#folder.put(hash, chunk(copy));
    if (contentHash(copy) === hash) this.#known.add(hash);
  }

  async get(hash: ContentHash): Promise<Uint8Array | null> {
    this.#health.check();
    const parts: Uint8Array[] = [];
    for await (const part of this.#folder.get(hash)) if (part !== null) parts.push(part);
    const bytes = joinBytes(parts);
    return contentHash(bytes) === hash && (bytes.length > 0 || await this.#folder.has(hash)) ? bytes : null;
  }

  async delete(hashes: readonly ContentHash[]): Promise<void> {
    this.#health.check();
    if (hashes.length === 0) return;
    await this.#prove();
    for (const hash of hashes) {
      this.#known.delete(hash);
      await this.#folder.delete(hash);
    }
  }

  async list(): Promise<readonly ContentHash[]> {
    this.#health.check();
    return (await this.#folder.list()).filter(isContentHash);
  }
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
