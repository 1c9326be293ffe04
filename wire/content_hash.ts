/**
 * The name of bytes: their SHA-256. Code and blobs are found by it, and checked by it wherever they are stored or loaded.
 *
 * Synchronous on purpose: `apply()` needs the hash before it returns. Called by client, host, engine and store.
 * @module
 */
import { createHash } from "node:crypto";
import type { ContentHash } from "../protocol/ids.ts";

/** SHA-256 of the bytes as 64 lower-case hexadecimal digits. */
export function contentHash(bytes: Uint8Array): ContentHash {
  return createHash("sha256").update(bytes).digest("hex") as ContentHash;
}

/** Whether a value from outside has the form of a content hash: nothing else may become part of a file name. */
export function isContentHash(value: unknown): value is ContentHash {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
