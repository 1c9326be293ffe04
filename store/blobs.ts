/**
 * The port "bytes by their hash": function code and modules, which many tasks share.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";

/** The content-addressed bytes of one cluster. */
export interface Blobs {
  /** Keeps them, as durable as was asked for. What is there already costs nothing. */
  put(hash: ContentHash, bytes: Uint8Array): Promise<void>;
  /** `null`: not there, or not what the hash says. */
  get(hash: ContentHash): Promise<Uint8Array | null>;
  /** What is not there is deleted without a word. */
  delete(hashes: readonly ContentHash[]): Promise<void>;
  /** Every hash that is there. */
  list(): Promise<readonly ContentHash[]>;
}
